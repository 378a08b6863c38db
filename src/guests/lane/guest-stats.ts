// Statistics of a guest: plain data that is sent between processes and added up.

/** Where a process of a guest is in its life; ProcessState says what each means. One that is dead is no longer told of. */
export const TOLD_STATES = ["starting", "ready", "draining", "ending"] as const;

/** One process of a guest. */
export interface GuestProcessStats {
  readonly pid: number;
  readonly state: string;
  /** Requests that it is working on. */
  readonly running: number;
  /** Number of answered requests. */
  readonly answered: number;
  readonly residentBytes: number;
}

/** State and counters of a pool of processes. */
export interface GuestStats {
  /** Number of requests that wait for a lane. */
  readonly queued: number;
  /** Number of requests on a lane. */
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

/** What remains of a pool that has ended: its counts, without its processes and requests. */
export function withoutProcesses(stats: GuestStats): GuestStats {
  return { ...stats, queued: 0, running: 0, processes: [] };
}

/** Adds the statistics of a pool to those of its language. */
export function addToLanguage(sums: Map<string, GuestStats>, language: string, stats: GuestStats): void {
  sums.set(language, addGuestStats(sums.get(language) ?? null, stats) ?? stats);
}

/** Adds up the statistics of several pools; null stands for none. Values that are not counts are combined by their maximum. */
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
