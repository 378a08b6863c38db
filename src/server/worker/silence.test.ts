import { expect, test } from "vitest";
import { Silence } from "./silence.ts";

test("a counter that stands still for longer than it may is reported, once", () => {
  const silence = new Silence(2);
  const seen = [0, 1000, 2000, 2001, 3000, 9000].map((now) => silence.look(7, now));
  expect(seen).toEqual([false, false, false, true, false, false]);
});

test("a counter that moves again begins anew: its next silence is reported too", () => {
  const silence = new Silence(2);
  expect([silence.look(1, 0), silence.look(1, 2500)]).toEqual([false, true]);
  expect([silence.look(2, 2600), silence.look(2, 4600), silence.look(2, 4601)]).toEqual([false, false, true]);
});

test("a counter that moves in time is never reported", () => {
  const silence = new Silence(2);
  expect(Array.from({ length: 20 }, (_, turn) => silence.look(turn, turn * 1900))).not.toContain(true);
});

test("silence counts from the first look, wherever the counter and the clock stand", () => {
  const silence = new Silence(2);
  expect(silence.look(0, 1_000_000)).toBe(false);
});
