// What a worker has counted: plain data that travels to the arbiter with each heartbeat.
// Everything but the gauges is cumulative over the life of the worker.

/**
 * Upper bounds of the duration buckets, in seconds. A count lies in the first bucket whose bound is not exceeded; a last bucket, one
 * more than there are bounds, takes the rest. From half a millisecond, because an application in the same process answers in less.
 */
export const DURATION_BOUNDS_SECONDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
] as const;

/** The counts of one worker. */
export interface WorkerStats {
  /** When the worker began to count, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** Requests that are over: answered, aborted or timed out. */
  readonly requests: number;
  /** Of them, those that were answered with 1xx to 5xx: index 0 counts those without any status, index 2 those with 2xx. */
  readonly statusClasses: readonly number[];
  /** Requests by duration, not cumulated; one more than `DURATION_BOUNDS_SECONDS`. */
  readonly durationBuckets: readonly number[];
  /** All durations together. */
  readonly durationSumSeconds: number;
  /** Bytes of the bodies of requests and of answers, without framing. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Requests whose answer could not be completed, that missed their deadline, and that were refused for their syntax or size. */
  readonly aborted: number;
  readonly timeouts: number;
  readonly refused: number;
  /** Gauges: requests that are being answered and connections that are open, now. */
  readonly inFlight: number;
  readonly connections: number;
  /** Gauges: how late the event loop was since the last report, on average and at worst; milliseconds. */
  readonly eventLoopLagMs: number;
  readonly eventLoopLagMaxMs: number;
  /** Gauge: resident memory. */
  readonly rssBytes: number;
}

/** Counts of a worker that has not served yet. @param startedAt - milliseconds since the epoch */
export function emptyWorkerStats(startedAt = 0): WorkerStats {
  return {
    startedAt,
    requests: 0,
    statusClasses: [0, 0, 0, 0, 0, 0],
    durationBuckets: Array.from({ length: DURATION_BOUNDS_SECONDS.length + 1 }, () => 0),
    durationSumSeconds: 0,
    bytesIn: 0,
    bytesOut: 0,
    aborted: 0,
    timeouts: 0,
    refused: 0,
    inFlight: 0,
    connections: 0,
    eventLoopLagMs: 0,
    eventLoopLagMaxMs: 0,
    rssBytes: 0,
  };
}

/** Whether a value that came from another process has the shape of {@link WorkerStats}. */
export function isWorkerStats(value: unknown): value is WorkerStats {
  if (typeof value !== "object" || value === null) return false;
  const given = value as Readonly<Record<string, unknown>>;
  return Object.entries(EMPTY).every(([name, example]) => {
    const count = given[name];
    return Array.isArray(example)
      ? Array.isArray(count) && count.length === example.length && count.every(isNumber)
      : isNumber(count);
  });
}

const EMPTY = emptyWorkerStats();

function isNumber(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
