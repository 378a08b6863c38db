// A quantile out of buckets, as Prometheus's histogram_quantile estimates it.
import { DURATION_BOUNDS_SECONDS } from "./worker-stats.ts";

/**
 * Estimates a quantile of durations: the bucket that holds it is taken to be filled evenly.
 *
 * @param buckets - counts as in `WorkerStats.durationBuckets`
 * @param quantile - from 0 to 1
 * @returns seconds; null when nothing was counted. Beyond the last bound, that bound
 */
export function durationQuantile(buckets: readonly number[], quantile: number): number | null {
  const total = buckets.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  const rank = quantile * total;
  let before = 0;
  for (const [index, bound] of DURATION_BOUNDS_SECONDS.entries()) {
    const count = buckets[index] ?? 0;
    if (count > 0 && before + count >= rank) {
      const lower = DURATION_BOUNDS_SECONDS[index - 1] ?? 0;
      return lower + ((bound - lower) * (rank - before)) / count;
    }
    before += count;
  }
  return DURATION_BOUNDS_SECONDS.at(-1) ?? null;
}
