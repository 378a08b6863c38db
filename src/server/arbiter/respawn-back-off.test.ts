import { describe, expect, test } from "vitest";
import { afterCrash, BACK_OFF_LIMITS, NO_CRASHES, respawnDelaySeconds } from "./respawn-back-off.ts";

describe("respawnDelaySeconds", () => {
  test.each([
    [0, 0],
    [1, 0],
    [2, 0.1],
    [3, 0.2],
    [4, 0.4],
    [10, 25.6],
    [11, 30],
    [10_000, 30],
  ])("after %i crashes in a row is %f s", (crashes, seconds) => {
    expect(respawnDelaySeconds(crashes)).toBeCloseTo(seconds);
  });
});

describe("afterCrash", () => {
  test("waits longer with each crash in a row", () => {
    const first = afterCrash(NO_CRASHES, 100, 0);
    expect(first).toEqual({ crashes: 1, notBefore: 100 });
    const second = afterCrash(first, 101, 1);
    expect(second).toEqual({ crashes: 2, notBefore: 101.1 });
  });

  test("begins anew behind a worker that served well", () => {
    const state = { crashes: 8, notBefore: 50 };
    expect(afterCrash(state, 100, BACK_OFF_LIMITS.healthySeconds)).toEqual({ crashes: 1, notBefore: 100 });
  });

  test("counts workers that fall together once", () => {
    const state = { crashes: 3, notBefore: 100.2 };
    expect(afterCrash(state, 100.1, 0)).toBe(state);
  });
});
