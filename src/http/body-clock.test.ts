import { describe, expect, test } from "vitest";
import { BodyClock } from "./body-clock.ts";
import { DEFAULT_LIMITS } from "./limits.ts";

const LIMITS = { ...DEFAULT_LIMITS, bodyTimeoutSeconds: 30, minBodyBytesPerSecond: 240 };

describe("BodyClock", () => {
  test("is not overdue while nobody waits", () => {
    const clock = new BodyClock();
    expect(clock.isOverdue(1000, 0, LIMITS)).toBe(false);
    clock.start(1, 0);
    clock.stop(2);
    expect(clock.isOverdue(1000, 0, LIMITS)).toBe(false);
  });

  test.each([
    ["silent for as long as allowed", 31, 1_000_000, false],
    ["silent for longer", 31.5, 1_000_000, true],
    ["slow, but within the time of grace", 11, 0, false],
    ["slower than the rate after it", 12, 2639, true],
    ["as fast as the rate", 12, 2640, false],
  ])("%s", (_, now, bytes, isOverdue) => {
    const clock = new BodyClock();
    clock.start(1, bytes);
    expect(clock.isOverdue(now, bytes, LIMITS)).toBe(isOverdue);
  });

  test("adds up the waits, so that a byte now and then is no way around the rate", () => {
    const clock = new BodyClock();
    for (let second = 1; second <= 10; second += 1) {
      clock.start(second, second);
      clock.stop(second + 1);
    }
    clock.start(100, 11);
    expect(clock.isOverdue(100.5, 11, LIMITS)).toBe(true);
  });
});
