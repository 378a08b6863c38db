// What a guest can say about itself: plain data, which travels between processes and is added up.

/** Where a process of a guest is in its life; ProcessState says what each means. One that is dead is no longer told of. */
export const TOLD_STATES = ["starting", "ready", "draining", "ending"] as const;

/** One process of a guest. */
export interface GuestProcessStats {
  readonly pid: number;
  readonly state: string;
  /** Requests that it is working on. */
  readonly running: number;
  /** Requests that it has answered. */
  readonly answered: number;
  readonly residentBytes: number;
}

/** State and counters of a pool of processes. */
export interface GuestStats {
  /** Requests that wait for a lane. */
  readonly queued: number;
  /** Requests that are on a lane. */
  readonly running: number;
  readonly answered: number;
  /** Requests that got 503 because the queue was full or too slow. */
  readonly refused: number;
  /** Processes that were started again after an unexpected end. */
  readonly restarts: number;
  /** Processes that were replaced because they used too much memory, missed deadlines or asked for it. */
  readonly replacements: number;
  /** Expected time of a request, in milliseconds, and the resulting number of requests per batch. */
  readonly estimateMilliseconds: number;
  readonly batchDepth: number;
  readonly processes: readonly GuestProcessStats[];
}

/** Adds up what several pools say; null where there is none. Of what is no number of things, the larger one counts. */
export function addGuestStats(a: GuestStats | null, b: GuestStats | null): GuestStats | null {
  if (a === null || b === null) return a ?? b;
  return {
    queued: a.queued + b.queued,
    running: a.running + b.running,
    answered: a.answered + b.answered,
    refused: a.refused + b.refused,
    restarts: a.restarts + b.restarts,
    replacements: a.replacements + b.replacements,
    estimateMilliseconds: Math.max(a.estimateMilliseconds, b.estimateMilliseconds),
    batchDepth: Math.max(a.batchDepth, b.batchDepth),
    processes: [...a.processes, ...b.processes],
  };
}
