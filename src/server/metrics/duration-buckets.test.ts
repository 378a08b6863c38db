import { describe, expect, test } from "vitest";
import {
  coarseBuckets,
  DURATION_BOUNDS_SECONDS,
  DURATION_BUCKETS,
  durationBucket,
  durationQuantile,
  durationRange,
} from "./duration-buckets.ts";

function counted(seconds: readonly number[]): number[] {
  const counts = Array.from({ length: DURATION_BUCKETS }, () => 0);
  for (const duration of seconds) {
    const bucket = durationBucket(duration * 1e6);
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  return counts;
}

/** Evenly spread random numbers that are the same in each run. Source: Park and Miller's minimal standard. */
function evenly(count: number): number[] {
  let state = 42;
  return Array.from({ length: count }, () => (state = (state * 48_271) % 0x7f_ff_ff_ff) / 0x7f_ff_ff_ff);
}

describe("durationQuantile is at most a tenth off", () => {
  const shares = evenly(20_000);
  const distributions: Readonly<Record<string, readonly number[]>> = {
    "steady 60 µs": shares.map(() => 0.000_06),
    "steady 0.9 ms": shares.map(() => 0.0009),
    "steady 60 ms": shares.map(() => 0.06),
    "steady 101 ms": shares.map(() => 0.101),
    "steady 11 s": shares.map(() => 11),
    "even from 1 to 200 ms": shares.map((share) => 0.001 + 0.199 * share),
    "exponential with mean 30 ms": shares.map((share) => -0.03 * Math.log(1 - share)),
    "long tail": shares.map((share) => 0.002 * (1 - share) ** (-1 / 1.5)),
    "two peaks": shares.map((share, index) => (index % 20 === 0 ? 1.2 : 0.004) * (1 + share / 10)),
  };
  test.each(Object.entries(distributions))("%s", (_, durations) => {
    const sorted = durations.toSorted((a, b) => a - b);
    const counts = counted(durations);
    for (const quantile of [0.5, 0.9, 0.99]) {
      const exact = sorted[Math.ceil(quantile * sorted.length) - 1] as number;
      const estimate = durationQuantile(counts, quantile) ?? 0;
      expect(Math.abs(estimate / exact - 1), `${quantile}: ${estimate} for ${exact}`).toBeLessThan(0.1);
    }
  });

  test("of nothing, and beyond the last bound", () => {
    expect(durationQuantile(counted([]), 0.5)).toBeNull();
    expect(durationQuantile(counted([100, 3600]), 0.99)).toBe(30);
  });
});

describe("coarseBuckets", () => {
  test("counts each bound in its own bucket, and what exceeds it in the next", () => {
    const bounds = [...DURATION_BOUNDS_SECONDS];
    expect(coarseBuckets(counted(bounds))).toEqual([...bounds.map(() => 1), 0]);
    expect(coarseBuckets(counted(bounds.map((bound) => bound + 1e-6)))).toEqual([0, ...bounds.map(() => 1)]);
  });

  test("agrees with a count by the bounds themselves", () => {
    const durations = evenly(5000).map((share) => 10 ** (-6 + 8 * share));
    const expected = [...DURATION_BOUNDS_SECONDS, Infinity].map((bound, index, bounds) => {
      const from = bounds[index - 1] ?? 0;
      return durations.filter((duration) => duration > from && duration <= bound).length;
    });
    expect(coarseBuckets(counted(durations))).toEqual(expected);
  });
});

test("durationRange of the bucket of a duration holds it", () => {
  for (const share of evenly(2000)) {
    const seconds = 10 ** (-6 + 7.4 * share);
    const [from, to] = durationRange(durationBucket(seconds * 1e6));
    expect(from, String(seconds)).toBeLessThanOrEqual(seconds * 1.000_001);
    expect(to, String(seconds)).toBeGreaterThanOrEqual(seconds * 0.999_999);
  }
});
