import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { running, types, workerOf } from "../../../test/server/arbiter-double.ts";
import type { RequestsMessage } from "../channel/messages.ts";
import { RequestLists } from "./request-lists.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function answer(leftOut: number, ...ages: number[]): RequestsMessage {
  const requests = ages.map((ageSeconds) => {
    const path = `/${ageSeconds}`;
    return { ageSeconds, method: "GET", path, state: "working", python: null, requestId: "" } as const;
  });
  return { type: "requests", requests, leftOut };
}

test("RequestLists.ask brings the answers together, the oldest request first, and names who is silent", async () => {
  const state = running();
  const lists = new RequestLists();
  const [first, second] = [workerOf(state, 1, "serving"), workerOf(state, 2, "draining")];
  workerOf(state, 3, "serving");
  const booting = workerOf(state, 4, "booting");
  const asked = lists.ask(state.workers, 1);
  expect([first, booting].map(({ told }) => types(told))).toEqual([["list-requests"], []]);
  lists.heard(first.worker, answer(3, 2, 1));
  lists.heard(second.worker, answer(4, 5));
  vi.advanceTimersByTime(1000);
  const { requests, leftOut, silentWorkers } = await asked;
  expect(requests.map(({ ageSeconds, worker, pid }) => [ageSeconds, worker, pid])).toEqual([
    [5, 2, second.worker.pid],
    [2, 1, first.worker.pid],
    [1, 1, first.worker.pid],
  ]);
  expect([leftOut, silentWorkers]).toEqual([7, [3]]);
});

test("RequestLists: one answer is good for all who wait, and one that comes too late for nobody", async () => {
  const state = running();
  const lists = new RequestLists();
  const { worker } = workerOf(state, 1, "serving");
  const impatient = lists.ask(state.workers, 1);
  const patient = [lists.ask(state.workers, 5), lists.ask(state.workers, 5)];
  vi.advanceTimersByTime(1000);
  expect((await impatient).silentWorkers).toEqual([1]);
  lists.heard(worker, answer(0, 1));
  expect((await Promise.all(patient)).map(({ requests }) => requests.length)).toEqual([1, 1]);
  expect(() => lists.heard(worker, answer(0, 1))).not.toThrow();
  expect(vi.getTimerCount()).toBe(0);
});
