import { expect, test } from "vitest";
import { options, running, workerOf } from "../../../test/server/arbiter-double.ts";
import { ReloadTransaction } from "./reload-transaction.ts";

function transaction(workers: number, stableSeconds = 0): { reload: ReloadTransaction; done: string[] } {
  const state = running();
  const done: string[] = [];
  const reload: ReloadTransaction = new ReloadTransaction(
    { options: options({ stableSeconds }), listeners: [], generation: 2, workers },
    {
      start: () => workerOf(state, reload.workers.size + 1, "booting", 2).worker,
      commit: () => done.push("committed"),
      abort: (_, reason, detail) => done.push(`aborted: ${reason} ${detail}`.trim()),
    },
    0,
  );
  reload.begin();
  return { reload, done };
}

test("ReloadTransaction starts one worker, then the others, then takes the place of the old ones", () => {
  const { reload, done } = transaction(3);
  expect(reload.workers.size).toBe(1);
  reload.ready(1);
  reload.tick(1.1);
  expect([reload.workers.size, done]).toEqual([3, []]);
  reload.ready(2);
  reload.ready(3);
  expect(done).toEqual(["committed"]);
});

test("ReloadTransaction waits until the first worker has been stable for as long as it should", () => {
  const { reload, done } = transaction(1, 10);
  reload.ready(1);
  reload.tick(10.9);
  expect(done).toEqual([]);
  reload.tick(11.1);
  expect(done).toEqual(["committed"]);
});

test("ReloadTransaction is given up when a worker is lost, with what is known of it, and once", () => {
  const { reload, done } = transaction(2);
  reload.lost("It threw", "the stack", 1);
  reload.cancel("The server stops", 2);
  reload.ready(3);
  expect(done).toEqual(["aborted: It threw the stack"]);
});

test("ReloadTransaction is given up when it is cancelled", () => {
  const { reload, done } = transaction(2);
  reload.cancel("The server stops", 1);
  expect(done).toEqual(["aborted: The server stops"]);
});
