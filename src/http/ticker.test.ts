import { expect, onTestFinished, test, vi } from "vitest";

import { TICK_SECONDS, Ticker, type TickListener } from "./ticker.ts";

function listening(): { listener: TickListener; times: number[] } {
  const times: number[] = [];
  return { listener: { place: -1, tick: (now) => void times.push(now) }, times };
}

function begin(): Ticker {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "setImmediate", "performance"] });
  onTestFinished(() => void vi.useRealTimers());
  vi.advanceTimersByTime(5000);
  return new Ticker();
}

test("Ticker tells all its members the time, twice a second, until they leave", () => {
  const ticker = begin();
  const [first, second] = [listening(), listening()];
  ticker.add(first.listener);
  vi.advanceTimersByTime(600);
  ticker.add(second.listener);
  vi.advanceTimersByTime(500);
  ticker.delete(first.listener);
  vi.advanceTimersByTime(500);
  expect([first.times, second.times]).toEqual([
    [5.5, 6],
    [6, 6.5],
  ]);
  ticker.delete(second.listener);
  expect(vi.getTimerCount(), "no timer without members").toBe(0);
});

test("Ticker lets what clients have sent be read between the timer and the deadlines", () => {
  const ticker = begin();
  const { listener, times } = listening();
  ticker.add(listener);
  vi.advanceTimersByTime(499);
  // The process was busy, and the timer is late: first its own turn, then the others'.
  setImmediate(() => times.push(-1));
  vi.advanceTimersByTime(2);
  expect(times).toEqual([-1, 5.5]);
});

test("a deadline is never early, although the ticker's time may lag", () => {
  const ticker = begin();
  ticker.add(listening().listener);
  expect(ticker.deadline(10)).toBe(5 + 10 + TICK_SECONDS);
});

test("one that was taken in twice is told once, and one that was not there can leave", () => {
  const ticker = begin();
  const { listener, times } = listening();
  ticker.delete(listener);
  ticker.add(listener);
  ticker.add(listener);
  vi.advanceTimersByTime(600);
  expect(times).toEqual([5.5]);
});
