// The decisions about a guest, without their effects: how many requests to batch, which lane takes the next one, how long to wait before
// a process is restarted, when a request counts as slow. Pure functions; time is an argument.

/** Estimated work that may wait in one lane, in milliseconds; it determines the batch size. */
export const BATCH_MILLISECONDS = 1;
/** The same for a guest with one lane in all: what waits could not go anywhere else, and each batch wakes two processes. */
export const SOLE_LANE_MILLISECONDS = 3;
/**
 * The same if such a guest also sends its answers in several parts where a batch takes long. Its process and this one take turns where there
 * is one processor for both, and each begins with cold caches: an application with much code loses more by that than it costs to be served.
 */
export const SOLE_WATCHED_LANE_MILLISECONDS = 16;
/** Slower requests of such a guest are work for the most part, whatever is around them; in milliseconds. */
export const SOLE_WATCHED_LANE_MOST_MILLISECONDS = 2;
/** Maximum requests per batch. */
export const MAX_BATCH = 64;
/** Share of such work that a process takes before another one is woken for it: to wake one costs about as much as a few fast requests. */
export const PACKED_SHARE = 0.25;
/** A lane without a response for this long is assumed to be working on a slow request; in milliseconds. */
export const FRESH_MILLISECONDS = 1;
/** The same for the only lane of a guest that keeps its answers for longer. */
export const SOLE_WATCHED_LANE_FRESH_MILLISECONDS = 8;

/** How often the lanes of a guest are looked at that has no thread to do so, in milliseconds: a slow request holds up those behind it. */
export const WATCH_MILLISECONDS = 2;
/** The same if it has one lane in all: only finished answers are held up there, and each look may interrupt the application. */
export const SOLE_LANE_WATCH_MILLISECONDS = 6;

/** A request counts as slow from this time on, in milliseconds. */
export const SLOW_MILLISECONDS = 5;

/** A path counts as slow if its requests take this long, in milliseconds. */
export const SLOW_PATH_MILLISECONDS = 25;
/** How long a fast request keeps lanes reserved for other fast ones, in milliseconds. */
export const RESERVED_MILLISECONDS = 1000;
/** How long it keeps one of eight lanes reserved: a burst of fast requests can then start even if slow ones have all other lanes. */
export const REMEMBERED_MILLISECONDS = 60_000;

/** How long slow requests yield after a fast one found every lane taken, in milliseconds. */
export const PRESSING_MILLISECONDS = 20;
/** A request for a slow path that has waited this long no longer yields to fast ones; in milliseconds. */
export const PATIENCE_MILLISECONDS = 1000;

/** The properties of a lane that matter for dispatch. */
export interface LaneLoad {
  /** Number of requests that were sent and are not answered yet. */
  readonly outstanding: number;
  /** Batches among them. */
  readonly batches: number;
  /** When it last became busy or sent a response, in milliseconds. */
  readonly progressedAt: number;
  /** It has returned requests and takes no others until it says so: its thread is busy with a slow request, or with its `close()`. */
  readonly isHeld: boolean;
  /** How many requests the guest takes at a time. */
  readonly maxBatch: number;
  /** The guest has no thread that watches its batches, and sends its answers in several parts where one takes long. */
  readonly isWatchedHere: boolean;
}

/** The lanes of one process. */
export interface ProcessLoad<L extends LaneLoad> {
  readonly lanes: readonly L[];
}

/**
 * How many requests one lane may hold.
 *
 * @param estimateMilliseconds - expected time of a request
 * @param lanes - of all processes
 * @param isWatched - whether they are watched here
 * @returns 1 for a slow application, so that no request waits behind a slow one
 */
export function batchDepth(estimateMilliseconds: number, lanes: number, isWatched: boolean): number {
  let most = BATCH_MILLISECONDS;
  if (lanes === 1) {
    const isDeep = isWatched && estimateMilliseconds <= SOLE_WATCHED_LANE_MOST_MILLISECONDS;
    most = isDeep ? SOLE_WATCHED_LANE_MILLISECONDS : SOLE_LANE_MILLISECONDS;
  }
  return Math.max(1, Math.min(MAX_BATCH, Math.floor(most / estimateMilliseconds)));
}

/**
 * Updates the estimate from a measured request. A slow one counts fully at once, fast ones only gradually: an application with some
 * slow requests is treated as slow. Below the threshold, where a sample may be scheduling noise, it is an average.
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
 * Chooses the lane for the next requests: in a process that works and has little to do, otherwise in the one with the least work. While the
 * application is fast, one lane of a process takes all requests (threads of one interpreter take turns anyway, and short batches cost more).
 * Otherwise, or if the guest takes one at a time, each request gets its own lane.
 *
 * @param processes - those that take requests
 * @param depth - from {@link batchDepth}
 * @param now - in milliseconds, of the same clock as `progressedAt`
 * @returns the lane, how many requests it may take, and how many it takes before another process gets any; null if all must wait
 */
export function chooseLane<L extends LaneLoad>(
  processes: readonly ProcessLoad<L>[],
  depth: number,
  now: number,
): { lane: L; room: number; packed: number } | null {
  const most = Math.floor(depth * PACKED_SHARE);
  const isSole = processes.length === 1 && processes[0]?.lanes.length === 1;
  const choice = (lane: L): { lane: L; room: number; packed: number } => ({
    lane,
    room: Math.min(depth, lane.maxBatch) - lane.outstanding,
    packed: most - lane.outstanding,
  });
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
      else if (Math.min(depth, lane.maxBatch) > 1 && now - lane.progressedAt < freshMilliseconds(lane, isSole))
        fresh ??= lane;
    }
    let candidate = idle;
    if (fresh !== null)
      candidate = fresh.batches < 2 && fresh.outstanding < Math.min(depth, fresh.maxBatch) ? fresh : null;
    if (candidate !== null && candidate === fresh && outstanding < most) return choice(candidate);
    if (candidate !== null && outstanding < least) {
      best = candidate;
      least = outstanding;
    }
  }
  return best === null ? null : choice(best);
}

/** How long a lane may be silent before it counts as busy with a slow request. */
function freshMilliseconds({ isWatchedHere }: LaneLoad, isSole: boolean): number {
  return isSole && isWatchedHere ? SOLE_WATCHED_LANE_FRESH_MILLISECONDS : FRESH_MILLISECONDS;
}

/**
 * How many queued requests one lane gets, so that the processes share the work, but for a little that is better done together.
 *
 * @param queued - requests that wait
 * @param processes - processes that take requests
 * @param room - how many the chosen lane may take
 * @param packed - how many it takes before another process gets any
 */
export function shareOf(queued: number, processes: number, room: number, packed: number): number {
  return Math.max(1, Math.min(room, Math.max(packed, Math.ceil(queued / Math.max(1, processes)))));
}

/**
 * Updates the expected time of requests for one path.
 *
 * @param knownMilliseconds - the expected time so far
 * @param sampleMilliseconds - the measured time
 */
export function nextPathTime(knownMilliseconds: number, sampleMilliseconds: number): number {
  return knownMilliseconds * 0.8 + sampleMilliseconds * 0.2;
}

/** The state of the queues, fast and slow. */
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
 * How many lanes requests for slow paths may hold: all, if there are no fast requests; seven of eight in the minute after fast ones; three
 * quarters while fast ones arrive; and one of eight while fast ones have to wait, because each slow request would delay hundreds of them.
 * A slow request that has yielded for long enough does so no longer.
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
 * How many requests a guest may get before their bodies have arrived: each may block its thread as long as its client is sending.
 *
 * @param lanes - of all processes
 */
export function uploadLimit(lanes: number): number {
  return Math.max(1, Math.floor(lanes / 4));
}

/** A request is given up after this many processes exited before they started it: it may be what crashes them. */
export const MAX_ENDED_PROCESSES = 3;

/**
 * How long to wait before a process is restarted, in milliseconds: not at all if the last one had worked, otherwise longer with each
 * failure.
 *
 * @param failures - consecutive starts that failed before the process got a request or was ready for a while
 */
export function restartDelay(failures: number): number {
  return failures === 0 ? 0 : Math.min(30_000, 100 * 2 ** (failures - 1));
}

/**
 * Whether a request has missed its deadline.
 *
 * @param elapsedMilliseconds - since it was dispatched, or since the client left before the response was complete
 * @param deadlineMilliseconds - 0 for none
 * @param isAnswering - the response has started and the client is still reading it: a stream may last
 */
export function isOverdue(elapsedMilliseconds: number, deadlineMilliseconds: number, isAnswering: boolean): boolean {
  return deadlineMilliseconds > 0 && !isAnswering && elapsedMilliseconds > deadlineMilliseconds;
}
