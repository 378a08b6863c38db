// How many workers serve a Python application. `--workers` counts its Python processes, as with gunicorn; one worker in front of several
// of them gives each request to one that is free, whichever connection it came on, and lets a preloaded application share its memory.
import type { Settings } from "../settings/table.ts";

/** Python processes behind one worker. Eight of an application that does next to nothing keep its one core busy. */
export const PROCESSES_PER_FRONT = 8;

/**
 * Shares processes out among as few workers as may have them.
 *
 * @param processes - in all
 * @returns how many each worker has: none is more than one apart from another
 */
export function frontSizes(processes: number): readonly number[] {
  const fronts = Math.ceil(processes / PROCESSES_PER_FRONT);
  return Array.from(
    { length: fronts },
    (_, index) => Math.floor(processes / fronts) + (index < processes % fronts ? 1 : 0),
  );
}

/**
 * The settings of a worker in front of several processes: what is said of one worker holds for each of them.
 *
 * @param settings - of the server
 * @param processes - that this worker has
 */
export function settingsOfFront<T extends Settings>(settings: T, processes: number): T {
  return {
    ...settings,
    guestProcesses: processes,
    maxRequests: settings.maxRequests * processes,
    maxRequestsJitter: settings.maxRequestsJitter * processes,
    maxInFlight: settings.maxInFlight * processes,
    workerConnections: settings.workerConnections * processes,
  };
}
