import { expect, test } from "vitest";
import { asked } from "../../../test/lane/lane-pair.ts";
import { LaneRequests } from "./lane-requests.ts";

/** Requests in batches of these sizes; ids from 1. */
function requestsOf(...sizes: number[]): LaneRequests {
  const requests = new LaneRequests();
  let id = 0;
  for (const size of sizes) {
    for (let count = 0; count < size; count += 1) requests.push(asked({ id: (id += 1) }).exchange);
    requests.endBatch();
  }
  return requests;
}

test("LaneRequests are over one after another, and say when a batch is over", () => {
  const requests = requestsOf(2, 1);
  expect([requests.length, requests.batches, requests.current?.id]).toEqual([3, 2, 1]);
  expect([requests.shift(), requests.shift(), requests.shift()]).toEqual([false, true, true]);
  expect([requests.length, requests.batches, requests.current]).toEqual([0, 0, null]);
});

test("LaneRequests.remove takes out those with the ids; the rest is one batch", () => {
  const requests = requestsOf(2, 2);
  expect(requests.remove(new Set([2, 4, 99])).map(({ id }) => id)).toEqual([2, 4]);
  expect([requests.all.map(({ id }) => id), requests.batches]).toEqual([[1, 3], 1]);
  expect([requests.shift(), requests.shift()]).toEqual([false, true]);
});

test("LaneRequests.remove of all leaves no batch", () => {
  const requests = requestsOf(2);
  requests.remove(new Set([1, 2]));
  expect([requests.length, requests.batches]).toEqual([0, 0]);
});

test("LaneRequests.clear takes out all that are not over", () => {
  const requests = requestsOf(3);
  requests.shift();
  expect(requests.clear().map(({ id }) => id)).toEqual([2, 3]);
  expect([requests.length, requests.batches]).toEqual([0, 0]);
});

test("LaneRequests keep their order where there is always one more", () => {
  const requests = requestsOf(1);
  for (let id = 2; id <= 1000; id += 1) {
    requests.push(asked({ id }).exchange);
    requests.endBatch();
    expect(requests.shift()).toBe(true);
    expect(requests.current?.id).toBe(id);
  }
});
