import { describe, expect, test } from "vitest";
import { drawLimits, recycleReason } from "./recycling.ts";

const NONE = { maxRequests: 0, maxRequestsJitter: 0, maxWorkerAge: 0, maxWorkerMemory: 0 };

describe("drawLimits", () => {
  test.each([
    [{ ...NONE, maxRequests: 100, maxRequestsJitter: 50 }, 0, { requests: 100, ageSeconds: 0, memoryBytes: 0 }],
    [{ ...NONE, maxRequests: 100, maxRequestsJitter: 50 }, 0.5, { requests: 125, ageSeconds: 0, memoryBytes: 0 }],
    [{ ...NONE, maxRequestsJitter: 50 }, 0.5, { requests: 0, ageSeconds: 0, memoryBytes: 0 }],
    [{ ...NONE, maxWorkerAge: 100 }, 0.5, { requests: 0, ageSeconds: 105, memoryBytes: 0 }],
    [{ ...NONE, maxWorkerMemory: 7 }, 0.9, { requests: 0, ageSeconds: 0, memoryBytes: 7 }],
  ])("of %j with %f", (settings, random, limits) => {
    expect(drawLimits(settings, random)).toEqual(limits);
  });
});

describe("recycleReason", () => {
  const limits = { requests: 10, ageSeconds: 60, memoryBytes: 1000 };
  test.each([
    [{ requests: 9, ageSeconds: 59, rssBytes: 999 }, null],
    [{ requests: 10, ageSeconds: 0, rssBytes: 0 }, "max-requests"],
    [{ requests: 0, ageSeconds: 60, rssBytes: 0 }, "age"],
    [{ requests: 0, ageSeconds: 0, rssBytes: 1000 }, "memory"],
  ])("of %j is %s", (use, reason) => {
    expect(recycleReason(use, limits)).toBe(reason);
    expect(recycleReason(use, { requests: 0, ageSeconds: 0, memoryBytes: 0 })).toBeNull();
  });
});
