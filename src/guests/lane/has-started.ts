/**
 * Whether a lane has started a request. Ids grow, and begin again at 1 after the largest.
 *
 * @param id - of the request
 * @param started - the last one that the lane has started, as the status file says; 0 for none
 */
export function hasStarted(id: number, started: number): boolean {
  return started !== 0 && ((started - id) | 0) >= 0;
}
