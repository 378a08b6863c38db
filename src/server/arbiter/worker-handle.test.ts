import { expect, test } from "vitest";
import { running, types, workerOf } from "../../../test/server/arbiter-double.ts";

test("WorkerHandle.send says something to a worker that is there, and says when it is not", () => {
  const one = workerOf(running(), 1, "serving");
  const sent: (string | null)[] = [];
  const note = (error: Error | null): void => void sent.push(error?.message ?? null);
  one.worker.send({ type: "snapshot" }, undefined, note);
  one.child.connected = false;
  one.worker.send({ type: "snapshot" }, undefined, note);
  one.worker.send({ type: "snapshot" });
  expect([types(one.told), sent]).toEqual([["snapshot"], [null, "The worker has ended"]]);
});

test("WorkerHandle.snapshot tells ages by the arbiter's clock", () => {
  const { worker } = workerOf(running(), 7, "serving");
  worker.lastSeen = worker.startedAt + 2;
  expect(worker.snapshot(worker.startedAt + 5)).toMatchObject({
    pid: worker.pid,
    id: 7,
    generation: 1,
    phase: "serving",
    ageSeconds: expect.closeTo(5),
    silentSeconds: expect.closeTo(3),
    stats: null,
  });
});
