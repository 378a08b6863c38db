/**
 * Whether a request is another one or came before it. Ids grow, and begin again at 1 after the largest.
 *
 * @param id - of the request
 * @param last - id of the other, such as the last one that a lane has started; 0 for none
 */
export function isUpTo(id: number, last: number): boolean {
  return last !== 0 && ((last - id) | 0) >= 0;
}
