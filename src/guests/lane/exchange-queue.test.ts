import { expect, test } from "vitest";
import { asked } from "../../../test/lane/lane-pair.ts";
import { ExchangeQueue } from "./exchange-queue.ts";
import type { GuestExchange } from "./guest-exchange.ts";

function exchange(id: number): GuestExchange {
  return asked({ id, arrivedAt: id * 10 }).exchange;
}

function ids(exchanges: readonly GuestExchange[]): number[] {
  return exchanges.map(({ id }) => id);
}

function queueOf(...wanted: number[]): ExchangeQueue {
  const queue = new ExchangeQueue();
  for (const id of wanted) queue.push(exchange(id));
  return queue;
}

test("ExchangeQueue.take gives the first ones, and no more than there are", () => {
  const queue = queueOf(1, 2, 3);
  expect([ids(queue.take(2)), queue.length, ids(queue.take(Infinity)), queue.length]).toEqual([[1, 2], 1, [3], 0]);
  expect(queue.take(1)).toEqual([]);
});

test("ExchangeQueue.firstArrivedAt is the time of the first one that still waits", () => {
  const queue = queueOf(1, 2);
  queue.take(1);
  expect(queue.firstArrivedAt).toBe(20);
  queue.take(1);
  expect(queue.firstArrivedAt).toBe(Infinity);
});

test("ExchangeQueue.putBack gives those their turn first, in their order", () => {
  const queue = queueOf(1, 2, 3, 4);
  const early = queue.take(2);
  queue.putBack(early);
  expect(ids(queue.take(4))).toEqual([1, 2, 3, 4]);
});

test("ExchangeQueue.remove takes out what fulfils the condition, and keeps the order of the rest", () => {
  const queue = queueOf(1, 2, 3, 4);
  queue.take(1);
  expect(ids(queue.remove(({ id }) => id % 2 === 0))).toEqual([2, 4]);
  expect(queue.remove(() => false)).toEqual([]);
  expect(ids(queue.take(9))).toEqual([3]);
});

test("ExchangeQueue keeps the order over thousands that come and go without its ever being empty", () => {
  const queue = queueOf(0);
  const seen: number[] = [];
  for (let id = 1; id <= 3000; id += 1) {
    queue.push(exchange(id));
    seen.push(...ids(queue.take(1)));
  }
  expect(queue.length).toBe(1);
  expect(seen).toEqual(Array.from({ length: 3000 }, (_, index) => index));
});
