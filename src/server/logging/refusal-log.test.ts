import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { notedLog } from "../../../test/server/arbiter-double.ts";
import { RefusalLog } from "./refusal-log.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** What refusals become, as many as are asked for. */
function refusals() {
  const { log, lines } = notedLog();
  const told = new RefusalLog(log);
  const refuse = (count: number): void => {
    for (let at = 1; at <= count; at += 1) told.tell("scgi", "192.0.2.1", `It is wrong ${at}`);
  };
  return { told, lines, refuse };
}

test("a few refusals are a line each, with protocol and address", () => {
  const { told, lines } = refusals();
  told.tell("", "192.0.2.1", "No colon");
  told.tell("uwsgi", "", "No end");
  expect(lines).toEqual([
    "WARNING Invalid request from ip=192.0.2.1: No colon",
    "WARNING Invalid uwsgi request: No end",
  ]);
});

test("a flood is five lines and one with a number, in each ten seconds", () => {
  const { lines, refuse } = refusals();
  refuse(1000);
  expect(lines).toHaveLength(5);
  vi.advanceTimersByTime(10_000);
  expect(lines[5]).toBe(
    "WARNING 995 more invalid requests within 10 seconds, the last one a scgi request from ip=192.0.2.1: It is wrong 1000",
  );
  refuse(1000);
  vi.advanceTimersByTime(10_000);
  expect(lines).toHaveLength(12);
});

test("when it is quiet, nothing is said, and the next refusal is a line again", () => {
  const { lines, refuse } = refusals();
  refuse(5);
  vi.advanceTimersByTime(60_000);
  refuse(1);
  vi.advanceTimersByTime(60_000);
  expect(lines).toHaveLength(6);
});

test("a worker that ends says how many it has counted, once", () => {
  const { told, lines, refuse } = refusals();
  refuse(7);
  told.close();
  told.close();
  vi.advanceTimersByTime(60_000);
  expect(lines).toHaveLength(6);
  expect(lines[5]).toContain("2 more invalid requests");
});

test("one line is not long either, and has no control characters", () => {
  const { told, lines } = refusals();
  told.tell("scgi", "\u001b[2J".repeat(9000), "\n".repeat(100_000));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^[ -~]{1,5000}$/);
});
