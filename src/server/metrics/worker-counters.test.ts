import { describe, expect, test } from "vitest";
import { AccessRecord } from "../../gateways/http/access-entry.ts";
import { mockEnviron } from "../../testing/mock-environ.ts";
import type { ArbiterSnapshot } from "../arbiter-control.ts";
import { mergeStats } from "./merge-stats.ts";
import { durationQuantile } from "./quantile.ts";
import { packLines, statsdLines } from "./statsd.ts";
import { WorkerCounters } from "./worker-counters.ts";
import { DURATION_BOUNDS_SECONDS, emptyWorkerStats } from "./worker-stats.ts";

const IDLE = { inFlight: 0, connections: 0 };

function record(counters: WorkerCounters, milliseconds: number, answer: object, isTimedOut = false): void {
  const startedAt = performance.now() - milliseconds;
  counters.record(new AccessRecord(mockEnviron(), startedAt, { statusCode: 200, ...answer }, isTimedOut));
}

describe("WorkerCounters", () => {
  test("counts requests by status and duration, bytes and failures", () => {
    const counters = new WorkerCounters();
    record(counters, 0, { bodyBytes: 10, body: { bytes: 3 } });
    record(counters, 70, { statusCode: 404, bodyBytes: 5 });
    record(counters, 40_000, { statusCode: 504 }, true);
    record(counters, 0, { statusCode: 0, isAborted: true });
    record(counters, 0, { statusCode: 400, isRefused: true });
    const stats = counters.snapshot({ inFlight: 7, connections: 8 });
    counters.close();
    expect(stats).toMatchObject({
      requests: 4,
      statusClasses: [1, 0, 1, 0, 1, 1],
      bytesIn: 3,
      bytesOut: 15,
      aborted: 1,
      timeouts: 1,
      refused: 1,
      inFlight: 7,
      connections: 8,
    });
    expect(stats.durationBuckets[DURATION_BOUNDS_SECONDS.indexOf(0.1)]).toBe(1);
    expect(stats.durationBuckets.at(-1)).toBe(1);
    expect(stats.durationBuckets.reduce((sum, count) => sum + count)).toBe(4);
    expect(stats.durationSumSeconds).toBeGreaterThan(40);
    expect(stats.rssBytes).toBeGreaterThan(1e6);
  });

  test("merge into one", () => {
    const counters = new WorkerCounters();
    record(counters, 0, { bodyBytes: 10 });
    const stats = counters.snapshot(IDLE);
    counters.close();
    const merged = mergeStats([stats, { ...stats, startedAt: 5 }, emptyWorkerStats(9)]);
    expect(merged).toMatchObject({ requests: 2, bytesOut: 20, startedAt: 5, statusClasses: [0, 0, 2, 0, 0, 0] });
    expect(merged.durationBuckets.reduce((sum, count) => sum + count)).toBe(2);
  });
});

describe("durationQuantile", () => {
  const bucket = (seconds: number, count: number): number[] =>
    [...DURATION_BOUNDS_SECONDS, 0].map((bound) => (bound === seconds ? count : 0));

  test.each([
    [bucket(1, 100), 0.5, 0.75],
    [bucket(1, 100), 1, 1],
    [bucket(0, 4), 0.99, 30],
    [emptyWorkerStats().durationBuckets, 0.5, null],
  ])("of %j at %d is %d", (buckets, share, seconds) => expect(durationQuantile(buckets, share)).toBe(seconds));
});

describe("statsdLines", () => {
  const snapshot = { workers: [{ phase: "serving" }] } as unknown as ArbiterSnapshot;

  test("reports what has changed, and the gauges", () => {
    const before = { ...emptyWorkerStats(), requests: 10, statusClasses: [0, 0, 10, 0, 0, 0] };
    const durationBuckets = emptyWorkerStats().durationBuckets.map((_, index) => (index === 1 ? 4 : 0));
    const after = { ...before, requests: 14, statusClasses: [0, 0, 13, 0, 0, 1], durationBuckets, rssBytes: 9 };
    expect(statsdLines(before, after, snapshot)).toEqual([
      "requests:4|c",
      "request.status.2xx:3|c",
      "request.status.5xx:1|c",
      "request.duration:0.75|ms|@0.250000",
      "workers:1|g",
      "requests.in_flight:0|g",
      "connections:0|g",
      "memory.rss:9|g",
      "event_loop.lag:0|g",
    ]);
  });

  test("are packed with prefix and tags into packets that fit", () => {
    expect(packLines(["a:1|c", "b:2|g"], "shop.", "env:test,zone:1")).toEqual([
      "shop.a:1|c|#env:test,zone:1\nshop.b:2|g|#env:test,zone:1",
    ]);
    const packets = packLines(
      Array.from({ length: 300 }, (_, index) => `name${index}:1|c`),
      "",
      "",
    );
    expect(packets.every((packet) => packet.length <= 1432)).toBe(true);
    expect(packets.join("\n").split("\n")).toHaveLength(300);
  });
});
