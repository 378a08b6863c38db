import { expect, it } from "vitest";
import { MemoryLimiter } from "./memory-limiter.ts";

/** A limiter whose clock the test sets. */
function limiterAt(limit: number, windowSeconds: number, blockSeconds = 0) {
  const clock = { now: 1000 };
  return { clock, limiter: new MemoryLimiter({ limit, windowSeconds, blockSeconds }, () => clock.now) };
}

it("MemoryLimiter refuses what is beyond the limit until the window of the first request ends", () => {
  const { clock, limiter } = limiterAt(2, 10);
  expect(limiter.count("a")).toEqual({ isRefused: false, remainingPoints: 1, msBeforeNext: 10_000 });
  clock.now += 4000;
  expect(limiter.count("a")).toEqual({ isRefused: false, remainingPoints: 0, msBeforeNext: 6000 });
  expect(limiter.count("a")).toEqual({ isRefused: true, remainingPoints: 0, msBeforeNext: 6000 });
  expect(limiter.count("b").isRefused).toBe(false);
  clock.now += 6000;
  expect(limiter.count("a")).toEqual({ isRefused: false, remainingPoints: 1, msBeforeNext: 10_000 });
});

it.each([
  ["longer than the window", 10, 60],
  ["shorter than the window", 60, 10],
])("MemoryLimiter blocks a client %s from the first refusal on, whatever it sends meanwhile", (_, window, block) => {
  const { clock, limiter } = limiterAt(1, window, block);
  limiter.count("a");
  expect(limiter.count("a")).toEqual({ isRefused: true, remainingPoints: 0, msBeforeNext: block * 1000 });
  clock.now += block * 1000 - 1;
  expect(limiter.count("a")).toEqual({ isRefused: true, remainingPoints: 0, msBeforeNext: 1 });
  clock.now += 1;
  expect(limiter.count("a")).toEqual({ isRefused: false, remainingPoints: 0, msBeforeNext: window * 1000 });
});

it.each([0, 20])("MemoryLimiter remembers only clients of the last window, block %i s", (block) => {
  const { clock, limiter } = limiterAt(1, 10, block);
  for (let client = 0; client < 1000; client += 1) {
    limiter.count(`early ${client}`);
    limiter.count(`early ${client}`);
  }
  clock.now += 20_000;
  for (let client = 0; client < 500; client += 1) limiter.count(`late ${client}`);
  expect(limiter.size).toBe(500);
});

it("MemoryLimiter keeps a client whose window began anew behind those that began before it", () => {
  const { clock, limiter } = limiterAt(1, 10);
  limiter.count("a");
  clock.now += 10_000;
  limiter.count("b");
  limiter.count("a");
  clock.now += 5000;
  limiter.count("c");
  expect(limiter.count("a").isRefused).toBe(true);
  expect(limiter.count("b").isRefused).toBe(true);
});
