// The buckets in which durations are counted. Those that Prometheus sees are few, because each is a time series for every server; for
// quantiles that a person reads they are too coarse. So each is divided into even parts, as HdrHistogram does with powers of two: the
// few are sums of the many, and a request is counted once.

/**
 * Upper bounds of the buckets that Prometheus sees, in seconds. A count lies in the first bucket whose bound is not exceeded; a last
 * bucket, one more than there are bounds, takes the rest. From half a millisecond, because an application in the same process answers in
 * less.
 */
export const DURATION_BOUNDS_SECONDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
] as const;

/** Where the parts change their width, in microseconds: no bound is more than two and a half times the one before. */
const STEPS = [
  50,
  100,
  250,
  ...DURATION_BOUNDS_SECONDS.slice(0, -1).map((seconds) => Math.round(seconds * 1e6)),
  20_000_000,
  30_000_000,
];
/** Of each step: a part is at most a tenth of the durations in it. */
const PARTS = 16;
const STARTS = [0, ...STEPS.slice(0, -1)];
const PARTS_PER_MICROSECOND = STEPS.map((end, index) => PARTS / (end - (STARTS[index] as number))); // one for one

/** How many buckets are counted; the last one takes what is longer than the last bound. */
export const DURATION_BUCKETS = STEPS.length * PARTS + 1;

/** The bucket of a duration: an index below {@link DURATION_BUCKETS}. */
export function durationBucket(microseconds: number): number {
  let step = 0;
  // From the left: most requests are fast.
  while (step < STEPS.length && microseconds > (STEPS[step] as number)) step += 1;
  if (step === STEPS.length) return DURATION_BUCKETS - 1;
  const part = ((microseconds - (STARTS[step] as number)) * (PARTS_PER_MICROSECOND[step] as number)) | 0;
  // The bound itself belongs to the last part.
  return step * PARTS + (part < PARTS ? part : PARTS - 1);
}

/** From where to where a bucket reaches, in seconds. The last one is as short as nothing: its end is not known. */
export function durationRange(bucket: number): readonly [from: number, to: number] {
  return [edge(bucket), edge(Math.min(bucket + 1, DURATION_BUCKETS - 1))];
}

/** The counts of the buckets of {@link DURATION_BOUNDS_SECONDS}, and of the one behind them. */
export function coarseBuckets(counts: readonly number[]): number[] {
  const coarse: number[] = [...DURATION_BOUNDS_SECONDS, Number.POSITIVE_INFINITY].map(() => 0);
  let index = 0;
  for (const [bucket, count] of counts.entries()) {
    while (index < DURATION_BOUNDS_SECONDS.length && edge(bucket) >= boundOf(index)) index += 1;
    coarse[index] = (coarse[index] ?? 0) + count;
  }
  return coarse;
}

/**
 * Estimates a quantile of durations, as Prometheus's histogram_quantile does: the bucket that holds it is taken to be filled evenly.
 *
 * @param counts - one for each bucket
 * @param quantile - from 0 to 1
 * @returns seconds, at most a tenth off; null when nothing was counted. Beyond the last bound, that bound
 */
export function durationQuantile(counts: readonly number[], quantile: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  const rank = quantile * total;
  let before = 0;
  for (const [bucket, count] of counts.entries()) {
    if (count > 0 && before + count >= rank) {
      const [from, to] = durationRange(bucket);
      return from + ((to - from) * (rank - before)) / count;
    }
    before += count;
  }
  return boundOf(DURATION_BOUNDS_SECONDS.length - 1);
}

/** Where a bucket begins, in seconds. */
function edge(bucket: number): number {
  const step = Math.floor(bucket / PARTS);
  if (step >= STEPS.length) return boundOf(DURATION_BOUNDS_SECONDS.length - 1);
  const start = STARTS[step] as number;
  return (start + (((STEPS[step] as number) - start) * (bucket % PARTS)) / PARTS) / 1e6;
}

function boundOf(index: number): number {
  return DURATION_BOUNDS_SECONDS[index] as number; // asked for those that there are
}
