import { describe, expect, test } from "vitest";
import { AccessRecord } from "../../gateways/access-entry.ts";
import { mockEnviron } from "../../testing/mock-environ.ts";
import type { ArbiterSnapshot } from "./arbiter-snapshot.ts";
import { mergeStats } from "./merge-stats.ts";
import { coarseBuckets, DURATION_BOUNDS_SECONDS, durationBucket } from "./duration-buckets.ts";
import { packLines, statsdLines } from "../control/statsd.ts";
import { WorkerCounters } from "./worker-counters.ts";
import { emptyWorkerStats, isWorkerStats } from "./worker-stats.ts";

const IDLE = { inFlight: 0, connections: 0, logged: [0, 0, 0], guests: {}, upstreams: { addresses: [], queues: [] } };

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
    const stats = counters.snapshot({ ...IDLE, inFlight: 7, connections: 8 });
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
    expect(stats.statuses).toEqual([
      [0, 1],
      [200, 1],
      [404, 1],
      [504, 1],
    ]);
    expect(coarseBuckets(stats.durationBuckets)[DURATION_BOUNDS_SECONDS.indexOf(0.1)]).toBe(1);
    expect(stats.durationBuckets.at(-1)).toBe(1);
    expect(stats.durationBuckets.reduce((sum, count) => sum + count)).toBe(4);
    expect(stats.durationSumSeconds).toBeGreaterThan(40);
    expect(stats.rssBytes).toBeGreaterThan(1e6);
  });

  test("counts a status that no RFC knows as a fault of the server, and the arbiter takes the counts", () => {
    const counters = new WorkerCounters();
    record(counters, 0, { statusCode: 999 });
    const stats = counters.snapshot(IDLE);
    counters.close();
    expect(stats).toMatchObject({ statusClasses: [0, 0, 0, 0, 0, 1], statuses: [[999, 1]] });
    expect(isWorkerStats(JSON.parse(JSON.stringify(stats)))).toBe(true);
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

describe("statsdLines", () => {
  const snapshot = { workers: [{ phase: "serving" }] } as unknown as ArbiterSnapshot;

  test("reports what has changed, and the gauges", () => {
    const before = { ...emptyWorkerStats(), requests: 10, statusClasses: [0, 0, 10, 0, 0, 0] };
    const durationBuckets = emptyWorkerStats().durationBuckets.map((_, index) =>
      index === durationBucket(750) ? 4 : 0,
    );
    const after = { ...before, requests: 14, statusClasses: [0, 0, 13, 0, 0, 1], durationBuckets, rssBytes: 9 };
    expect(statsdLines(before, after, snapshot)).toEqual([
      "requests:4|c",
      "request.duration:0.766|ms|@0.250000",
      "workers:1|g",
      "requests.in_flight:0|g",
      "connections:0|g",
      "memory.rss:9|g",
      "event_loop.lag:0|g",
      "request.status.2xx:3|c",
      "request.status.5xx:1|c",
    ]);
  });

  test("have gunicorn's names where they are wanted, and tell of the log and of Python", () => {
    const python = {
      queued: 2,
      running: 0,
      answered: 0,
      refused: 0,
      restarts: 1,
      replacements: 0,
      estimateMilliseconds: 1,
      batchDepth: 1,
      processes: [],
    };
    const before = { ...emptyWorkerStats(), requests: 1, statuses: [[200, 1]] as const, logged: [1, 0, 0] };
    const statuses = [
      [0, 1],
      [200, 3],
      [404, 1],
    ] as const;
    const after = { ...before, requests: 5, statuses, logged: [3, 1, 0], python, guests: { python } };
    expect(statsdLines(before, after, snapshot, "gunicorn")).toEqual([
      "gunicorn.requests:4|c",
      "gunicorn.log.warning:2|c",
      "gunicorn.log.error:1|c",
      "gunicorn.workers:1|g",
      "gunicorn.requests.in_flight:0|g",
      "gunicorn.connections:0|g",
      "gunicorn.memory.rss:0|g",
      "gunicorn.event_loop.lag:0|g",
      "gunicorn.python.restarts:1|c",
      "gunicorn.python.processes:0|g",
      "gunicorn.python.queued:2|g",
      "gunicorn.request.status.200:2|c",
      "gunicorn.request.status.404:1|c",
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
