import { expect, test } from "vitest";
import { PathTimes } from "./path-times.ts";

test("PathTimes takes a path for slow after one slow request, and for no other path", () => {
  const times = new PathTimes();
  expect(times.isSlow("/report")).toBe(false);
  times.observe("/report", 100);
  expect([times.isSlow("/report"), times.isSlow("/other")]).toEqual([true, false]);
});

test("PathTimes does not remember fast paths", () => {
  const times = new PathTimes();
  times.observe("/fast", 24);
  expect(times.isSlow("/fast")).toBe(false);
});

test("PathTimes forgets a path that has become fast, but not after a single fast request", () => {
  const times = new PathTimes();
  times.observe("/report", 100);
  times.observe("/report", 1);
  expect(times.isSlow("/report")).toBe(true);
  for (let count = 0; count < 10; count += 1) times.observe("/report", 1);
  expect(times.isSlow("/report")).toBe(false);
});

test("PathTimes stays bounded, whatever paths clients make up", () => {
  const times = new PathTimes();
  for (let count = 0; count < 1000; count += 1) times.observe(`/made-up/${count}`, 100);
  expect(times.isSlow("/made-up/0")).toBe(true);
  times.observe("/one-more", 100);
  expect([times.isSlow("/made-up/0"), times.isSlow("/one-more")]).toEqual([false, true]);
});
