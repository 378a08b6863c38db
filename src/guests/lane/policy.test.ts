import { describe, expect, test } from "vitest";
import {
  batchDepth,
  chooseLane,
  isOverdue,
  MAX_BATCH,
  nextEstimate,
  restartDelay,
  shareOf,
  slowLaneLimit,
  uploadLimit,
  type LaneLoad,
} from "./policy.ts";

const lane = (
  outstanding: number,
  batches = outstanding === 0 ? 0 : 1,
  progressedAt = 0,
  isHeld = false,
  maxBatch = MAX_BATCH,
  isWatchedHere = false,
): LaneLoad => ({
  outstanding,
  batches,
  progressedAt,
  isHeld,
  maxBatch,
  isWatchedHere,
});

describe("batchDepth", () => {
  test.each([
    [0.001, 2, false, MAX_BATCH],
    [0.02, 2, false, 50],
    [0.4, 2, true, 2],
    [0.6, 2, true, 1],
    [200, 2, false, 1],
    [0.02, 1, false, MAX_BATCH],
    [0.25, 1, false, 12],
    [0.6, 1, false, 5],
    [2, 1, false, 1],
    [0.1, 1, true, MAX_BATCH],
    [1, 1, true, 16],
    [2, 1, true, 8],
    [2.01, 1, true, 1],
    [200, 1, true, 1],
  ])(
    "an application of %d ms per request, with %i lanes in all, watched here %s: %i at a time",
    (estimate, lanes, isWatched, depth) => {
      expect(batchDepth(estimate, lanes, isWatched)).toBe(depth);
    },
  );
});

describe("nextEstimate", () => {
  test("one slow request counts at once", () => {
    expect(nextEstimate(0.02, 200)).toBe(200);
  });

  test("a mix of fast and slow requests stays slow", () => {
    let estimate = 0.02;
    for (let count = 0; count < 1000; count += 1) estimate = nextEstimate(estimate, count % 20 === 0 ? 200 : 1);
    expect(batchDepth(estimate, 2, true)).toBe(1);
  });

  test("a fast application recovers from one slow request", () => {
    let estimate = nextEstimate(0.02, 50);
    for (let count = 0; count < 60; count += 1) estimate = nextEstimate(estimate, 0.02);
    expect(batchDepth(estimate, 2, true)).toBeGreaterThan(30);
  });
});

describe("chooseLane", () => {
  test("a guest that takes one request at a time: never a second, however fast it is, and each of its lanes", () => {
    const one = lane(1, 1, 10, false, 1);
    const other = lane(0, 0, 0, false, 1);
    expect(chooseLane([{ lanes: [one] }], 64, 10)).toBeNull();
    expect(chooseLane([{ lanes: [one, other] }], 64, 10)).toMatchObject({ lane: other, room: 1 });
  });

  test("a guest that takes three at a time has room for what is missing to that", () => {
    const busy = lane(1, 1, 10, false, 3);
    expect(chooseLane([{ lanes: [busy] }], 64, 10)).toMatchObject({ lane: busy, room: 2 });
  });

  test("a slow application: an idle lane of the process with the least work", () => {
    const idle = lane(0);
    const choice = chooseLane([{ lanes: [lane(1), lane(1), lane(0)] }, { lanes: [lane(1), idle] }], 1, 0.5);
    expect(choice).toMatchObject({ lane: idle, room: 1 });
    expect(choice?.lane).toBe(idle);
  });

  test("a thread that gave requests back is not idle, although all its requests are answered", () => {
    const [held, idle] = [lane(0, 0, 0, true), lane(0)];
    expect(chooseLane([{ lanes: [held] }], 8, 0.5)).toBeNull();
    expect(chooseLane([{ lanes: [held, idle] }], 8, 0.5)?.lane).toBe(idle);
    expect(chooseLane([{ lanes: [held, lane(0)] }, { lanes: [idle] }], 8, 0.5)?.lane).toBe(idle);
  });

  test("a slow application: never behind another request", () => {
    expect(chooseLane([{ lanes: [lane(1), lane(1)] }], 1, 0.5)).toBeNull();
  });

  test("a fast application: the lane that works already, as far as there is room", () => {
    const busy = lane(3);
    expect(chooseLane([{ lanes: [busy, lane(0)] }], 20, 0.5)).toMatchObject({ lane: busy, room: 17 });
    expect(chooseLane([{ lanes: [lane(20), lane(0)] }], 20, 0.5)).toBeNull();
    expect(chooseLane([{ lanes: [lane(5, 2), lane(0)] }], 20, 0.5)).toBeNull();
  });

  test("a fast application: not behind a lane that has been silent", () => {
    const idle = lane(0);
    expect(chooseLane([{ lanes: [lane(3), idle] }], 20, 5)?.lane).toBe(idle);
  });

  test("a fast application: behind the only lane of a guest that keeps its answers for longer, unless that is silent for long", () => {
    const only = lane(3, 1, 0, false, MAX_BATCH, true);
    expect(chooseLane([{ lanes: [only] }], 20, 7)?.lane).toBe(only);
    expect(chooseLane([{ lanes: [only] }], 20, 8)).toBeNull();
    expect(chooseLane([{ lanes: [lane(3)] }], 20, 7)).toBeNull();
    expect(chooseLane([{ lanes: [only] }, { lanes: [lane(0, 0, 0, true)] }], 20, 7)).toBeNull();
    expect(chooseLane([{ lanes: [only, lane(0, 0, 0, true)] }], 20, 7)).toBeNull();
  });

  test("a fast application: a process that works takes a little more before another one is woken", () => {
    const [busy, idle] = [lane(1), lane(0)];
    const processes = [{ lanes: [idle] }, { lanes: [busy] }];
    expect(chooseLane(processes, 16, 0.5)).toEqual({ lane: busy, room: 15, packed: 3 });
    expect(chooseLane([{ lanes: [idle] }, { lanes: [lane(4)] }], 16, 0.5)?.lane).toBe(idle);
    expect(chooseLane([{ lanes: [idle] }, { lanes: [lane(2, 2)] }], 16, 0.5)?.lane).toBe(idle);
    expect(chooseLane(processes, 16, 5)?.lane).toBe(idle);
    expect(chooseLane(processes, 4, 0.5)?.lane).toBe(idle);
  });

  test("no process, no lane", () => {
    expect(chooseLane([], 20, 0)).toBeNull();
    expect(chooseLane([{ lanes: [] }], 20, 0)).toBeNull();
  });
});

test.each([
  { queued: 10, processes: 1, room: 20, packed: 0, share: 10 },
  { queued: 10, processes: 2, room: 20, packed: 0, share: 5 },
  { queued: 100, processes: 2, room: 20, packed: 5, share: 20 },
  { queued: 1, processes: 4, room: 20, packed: -1, share: 1 },
  { queued: 6, processes: 4, room: 20, packed: 5, share: 5 },
  { queued: 6, processes: 4, room: 3, packed: 5, share: 3 },
])(
  "shareOf: $queued queued, $processes processes, room for $room, $packed of them at least: $share",
  ({ queued, processes, room, packed, share }) => {
    expect(shareOf(queued, processes, room, packed)).toBe(share);
  },
);

test.each([
  [0, 0],
  [1, 100],
  [4, 800],
  [50, 30_000],
])("restartDelay after %i failures: %i ms", (failures, delay) => {
  expect(restartDelay(failures)).toBe(delay);
});

test.each([
  { elapsed: 31_000, deadline: 30_000, isAnswering: false, overdue: true },
  { elapsed: 29_000, deadline: 30_000, isAnswering: false, overdue: false },
  { elapsed: 90_000, deadline: 30_000, isAnswering: true, overdue: false },
  { elapsed: 90_000, deadline: 0, isAnswering: false, overdue: false },
])(
  "isOverdue: $elapsed of $deadline ms, answering $isAnswering: $overdue",
  ({ elapsed, deadline, isAnswering, overdue }) => {
    expect(isOverdue(elapsed, deadline, isAnswering)).toBe(overdue);
  },
);

test.each([
  { lanes: 8, fastWaited: 21, sinceFast: 10, slowWaited: 0, limit: 6 },
  { lanes: 8, fastWaited: 19, sinceFast: 10, slowWaited: 0, limit: 1 },
  { lanes: 8, fastWaited: 19, sinceFast: 10, slowWaited: 1001, limit: 6 },
  { lanes: 32, fastWaited: 0, sinceFast: 0, slowWaited: 500, limit: 4 },
  { lanes: 8, fastWaited: 5000, sinceFast: 5000, slowWaited: 0, limit: 7 },
  { lanes: 7, fastWaited: 5000, sinceFast: 5000, slowWaited: 0, limit: 7 },
  { lanes: 8, fastWaited: 61_000, sinceFast: 61_000, slowWaited: 0, limit: 8 },
  { lanes: 2, fastWaited: 21, sinceFast: 10, slowWaited: 0, limit: 1 },
  { lanes: 1, fastWaited: 0, sinceFast: 10, slowWaited: 0, limit: 1 },
])(
  "slowLaneLimit: $lanes lanes, a fast one came $sinceFast ms ago and waited $fastWaited ms ago, a slow one has waited $slowWaited ms: $limit",
  ({ lanes, fastWaited, sinceFast, slowWaited, limit }) => {
    const load = {
      sinceFastMilliseconds: sinceFast,
      hasFastPaths: true,
      sinceFastWaitedMilliseconds: fastWaited,
      slowWaitedMilliseconds: slowWaited,
    };
    expect(slowLaneLimit(lanes, load)).toBe(limit);
  },
);

test("slowLaneLimit: no lane is kept for fast requests where none was ever fast", () => {
  const load = { sinceFastMilliseconds: 5000, sinceFastWaitedMilliseconds: 5000, slowWaitedMilliseconds: 0 };
  expect(slowLaneLimit(8, { ...load, hasFastPaths: false })).toBe(8);
});

test.each([
  [0, 1],
  [1, 1],
  [4, 1],
  [9, 2],
  [200, 50],
])("uploadLimit: of %i threads, %i at most wait for clients that send", (lanes, limit) => {
  expect(uploadLimit(lanes)).toBe(limit);
});
