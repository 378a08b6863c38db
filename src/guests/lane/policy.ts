// The decisions of a guest, apart from their effects: how deep to batch, which lane takes the next request, how long to wait
// before a process is started again, who is put on record. Pure functions; time is an argument.

/** Estimated work that may wait in one lane, in milliseconds: a batch is as long as this is worth. */
export const BATCH_MILLISECONDS = 1;
/** Longest batch. */
export const MAX_BATCH = 64;
/** A lane that has not answered for this long is taken to be on a slow request, in milliseconds. */
export const FRESH_MILLISECONDS = 1;

/** A request that takes this long is a slow one, in milliseconds. */
export const SLOW_MILLISECONDS = 5;

/** A path whose requests take this long is a slow one, in milliseconds. */
export const SLOW_PATH_MILLISECONDS = 25;
/** For how long a fast request keeps lanes reserved for its like, in milliseconds. */
export const RESERVED_MILLISECONDS = 1000;
/** For how long it keeps one of eight lanes: enough for a burst of fast ones to begin while slow ones have all others. */
export const REMEMBERED_MILLISECONDS = 60_000;

/** For how long a fast request that found every lane taken makes slow ones stand back, in milliseconds. */
export const PRESSING_MILLISECONDS = 20;
/** A request for a slow path that has waited for this long no longer stands back for fast ones, in milliseconds. */
export const PATIENCE_MILLISECONDS = 1000;

/** What the choice of a lane looks at. */
export interface LaneLoad {
  /** Requests that were sent and are not answered. */
  readonly outstanding: number;
  /** Batches among them. */
  readonly batches: number;
  /** When it last became busy or answered, in milliseconds. */
  readonly progressedAt: number;
  /** It has given requests back, and takes no others until it says so: its thread is in a slow request, or in the `close()` of one. */
  readonly isHeld: boolean;
  /** Requests that the guest takes at a time. */
  readonly maxBatch: number;
}

/** The lanes of one process. */
export interface ProcessLoad<L extends LaneLoad> {
  readonly lanes: readonly L[];
}

/**
 * How many requests one lane may hold.
 *
 * @param estimateMilliseconds - what a request is expected to take
 * @returns 1 for a slow application: nobody then queues behind a slow request
 */
export function batchDepth(estimateMilliseconds: number): number {
  return Math.max(1, Math.min(MAX_BATCH, Math.floor(BATCH_MILLISECONDS / estimateMilliseconds)));
}

/**
 * Learns from how long a request took. One slow answer counts at once, fast ones only step by step: an application of which some
 * requests are slow is treated as a slow one. Below the threshold, where a sample may be the scheduler's fault, it is an average.
 *
 * @param estimateMilliseconds - the estimate so far
 * @param sampleMilliseconds - what was measured
 * @returns the new estimate
 */
export function nextEstimate(estimateMilliseconds: number, sampleMilliseconds: number): number {
  if (sampleMilliseconds >= SLOW_MILLISECONDS && sampleMilliseconds > estimateMilliseconds) return sampleMilliseconds;
  return estimateMilliseconds * 0.85 + sampleMilliseconds * 0.15;
}

/**
 * Chooses the lane for the next requests: in the process with the least work. While the application is fast, one lane of a process
 * takes all (threads of one interpreter take turns anyway, and short batches cost more); otherwise, or where the guest takes one at a time, each request has a lane of its own.
 *
 * @param processes - those that take requests
 * @param depth - from {@link batchDepth}
 * @param now - in milliseconds, of the same clock as `progressedAt`
 * @returns the lane and how many requests it may take; null when all must wait
 */
export function chooseLane<L extends LaneLoad>(
  processes: readonly ProcessLoad<L>[],
  depth: number,
  now: number,
): { lane: L; room: number } | null {
  let best: L | null = null;
  let least = Infinity;
  for (const { lanes } of processes) {
    let outstanding = 0;
    let idle: L | null = null;
    let fresh: L | null = null;
    for (const lane of lanes) {
      if (lane.isHeld) {
        outstanding += Math.max(1, lane.outstanding);
        continue;
      }
      outstanding += lane.outstanding;
      if (lane.outstanding === 0) idle ??= lane;
      else if (Math.min(depth, lane.maxBatch) > 1 && now - lane.progressedAt < FRESH_MILLISECONDS) fresh ??= lane;
    }
    let candidate = idle;
    if (fresh !== null)
      candidate = fresh.batches < 2 && fresh.outstanding < Math.min(depth, fresh.maxBatch) ? fresh : null;
    if (candidate !== null && outstanding < least) {
      best = candidate;
      least = outstanding;
    }
  }
  return best === null ? null : { lane: best, room: Math.min(depth, best.maxBatch) - best.outstanding };
}

/**
 * How many of the queued requests one lane gets, so that the processes share them.
 *
 * @param queued - requests that wait
 * @param processes - processes that take requests
 * @param room - what the chosen lane may take
 */
export function shareOf(queued: number, processes: number, room: number): number {
  return Math.max(1, Math.min(room, Math.ceil(queued / Math.max(1, processes))));
}

/**
 * Learns how long requests for one path take.
 *
 * @param knownMilliseconds - what was expected
 * @param sampleMilliseconds - what was measured
 */
export function nextPathTime(knownMilliseconds: number, sampleMilliseconds: number): number {
  return knownMilliseconds * 0.8 + sampleMilliseconds * 0.2;
}

/** What waits for lanes, fast and slow. */
export interface WaitingLoad {
  /** Since the last request came for a path that is not known to be slow. */
  readonly sinceFastMilliseconds: number;
  /** Whether a request was ever answered fast: the first ones for a slow path are not known to be slow, either. */
  readonly hasFastPaths: boolean;
  /** Since one of those was left waiting because every lane was taken. */
  readonly sinceFastWaitedMilliseconds: number;
  /** For how long the first request for a slow path has waited. */
  readonly slowWaitedMilliseconds: number;
}

/**
 * How many lanes requests for slow paths may hold: all while there are no others; seven of eight in the minute after those; three
 * quarters while they come; and an eighth while they have to wait, because each slow one then delays hundreds of them. One that has
 * stood back for long enough does so no more.
 *
 * @param lanes - of all processes
 * @param load - what waits
 */
export function slowLaneLimit(lanes: number, load: WaitingLoad): number {
  if (load.sinceFastMilliseconds > RESERVED_MILLISECONDS) {
    const isRemembered = load.hasFastPaths && load.sinceFastMilliseconds < REMEMBERED_MILLISECONDS;
    return isRemembered ? lanes - Math.floor(lanes / 8) : lanes;
  }
  const isPatient =
    load.sinceFastWaitedMilliseconds < PRESSING_MILLISECONDS && load.slowWaitedMilliseconds < PATIENCE_MILLISECONDS;
  return Math.max(1, isPatient ? Math.floor(lanes / 8) : lanes - Math.ceil(lanes / 4));
}

/**
 * How many requests a guest may have before their bodies are there: each may hold its thread for as long as its client sends.
 *
 * @param lanes - of all processes
 */
export function uploadLimit(lanes: number): number {
  return Math.max(1, Math.floor(lanes / 4));
}

/** As many processes may end over a request that none of them has begun: something in it may be what ends them. */
export const MAX_ENDED_PROCESSES = 3;

/**
 * How long to wait before a process is started again, in milliseconds: at once after a process that had worked, whatever ended it; then
 * longer and longer.
 *
 * @param failures - starts in a row that ended before the process had a request or had been ready for a while
 */
export function restartDelay(failures: number): number {
  return failures === 0 ? 0 : Math.min(30_000, 100 * 2 ** (failures - 1));
}

/**
 * Whether a request has missed its deadline.
 *
 * @param elapsedMilliseconds - since it was dispatched, or since the client left an answer unfinished
 * @param deadlineMilliseconds - 0 for none
 * @param isAnswering - the first byte of the answer has come, and the client still takes it: a stream may last
 */
export function isOverdue(elapsedMilliseconds: number, deadlineMilliseconds: number, isAnswering: boolean): boolean {
  return deadlineMilliseconds > 0 && !isAnswering && elapsedMilliseconds > deadlineMilliseconds;
}
