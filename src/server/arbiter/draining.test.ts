import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { running, types, workerOf, type WorkerDouble } from "../../../test/server/arbiter-double.ts";
import type { Listener } from "../sockets/listeners.ts";
import type { ArbiterState } from "./arbiter-state.ts";
import { Draining, QUICK_SECONDS } from "./draining.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A socket that notes whether it was closed. */
function listen(state: ArbiterState, bind = "127.0.0.1:8000"): { readonly isClosed: () => boolean } {
  let isClosed = false;
  const close = (): void => {
    isClosed = true;
  };
  state.listeners = [...state.listeners, { bind, close } as unknown as Listener]; // no more of it is used
  return { isClosed: () => isClosed };
}

function seals({ told }: WorkerDouble): unknown[] {
  return told.filter(({ type }) => type === "seal");
}

describe("Draining.drain", () => {
  test("gives a worker the graceful timeout, and a little more before it is killed", () => {
    const state = running({ gracefulTimeout: 20, keepAlive: 5 });
    const one = workerOf(state, 1, "serving");
    new Draining(state).drain(one.worker, "age");
    expect(one.told).toEqual([{ type: "drain", gracefulSeconds: 20, idleSeconds: 5, isQueueKept: true }]);
    expect(one.worker).toMatchObject({ phase: "draining", endReason: "age", killAt: 25, endBy: 25 });
  });

  test("is quick where code is edited: who has just saved wants to see that", () => {
    const state = running({ reload: true, gracefulTimeout: 20 });
    const one = workerOf(state, 1, "serving");
    new Draining(state).drain(one.worker, "reload");
    expect(one.told).toMatchObject([{ gracefulSeconds: QUICK_SECONDS, idleSeconds: 0 }]);
    // What its application has started may take its time.
    expect(one.worker).toMatchObject({ killAt: 7, endBy: 25 });
  });

  test("keeps a reason that was given before", () => {
    const state = running();
    const one = workerOf(state, 1, "serving");
    one.worker.endReason = "memory";
    new Draining(state).drain(one.worker, "reload");
    expect(one.worker.endReason).toBe("memory");
  });
});

describe("Draining, after a reload that has given up an address", () => {
  function replaced(dispatch: "shared" | "reuse-port" = "shared"): {
    draining: Draining;
    old: [WorkerDouble, WorkerDouble];
  } {
    const state = running({ dispatch });
    listen(state);
    state.generation = 2;
    const draining = new Draining(state);
    draining.reloaded(true);
    return { draining, old: [workerOf(state, 1, "serving", 1), workerOf(state, 2, "serving", 1)] };
  }

  test("lets old workers accept what is queued, and the last one close when the queue is empty", () => {
    const { draining, old } = replaced();
    const [first, second] = old;
    draining.drain(first.worker, "reload");
    expect(first.told).toMatchObject([
      { type: "drain", isQueueKept: false },
      { type: "seal", isLast: false },
    ]);
    draining.drain(second.worker, "reload");
    // It may have to be the last, and is told so when the other one has closed.
    expect(types(second.told)).toEqual(["drain"]);
    first.worker.hasClosedListeners = true;
    draining.sealReplaced();
    expect(seals(second)).toEqual([{ type: "seal", isLast: true, kept: ["127.0.0.1:8000"] }]);
    draining.sealReplaced();
    expect(seals(second)).toHaveLength(1);
  });

  test("tells each that it is the last where each has a socket of its own", () => {
    const { draining, old } = replaced("reuse-port");
    for (const { worker } of old) draining.drain(worker, "reload");
    expect(old.map((each) => seals(each))).toMatchObject([[{ isLast: true }], [{ isLast: true }]]);
  });

  test("leaves workers of the new generation alone", () => {
    const { draining, old } = replaced();
    const state = running();
    const fresh = workerOf(state, 3, "serving", 2);
    draining.drain(fresh.worker, "age");
    expect([seals(fresh), old.map((each) => seals(each))]).toEqual([[], [[], []]]);
  });
});

describe("Draining.sealAll", () => {
  function stopping(more: { dispatch?: "shared" | "reuse-port" } = {}): {
    state: ArbiterState;
    draining: Draining;
    workers: [WorkerDouble, WorkerDouble];
    isClosed: () => boolean;
  } {
    const state = running(more);
    const { isClosed } = listen(state);
    const draining = new Draining(state);
    const workers: [WorkerDouble, WorkerDouble] = [workerOf(state, 1, "serving"), workerOf(state, 2, "serving")];
    state.stage = "stopping";
    for (const { worker } of workers)
      draining.send(worker, { type: "drain", gracefulSeconds: 1, idleSeconds: 0, isQueueKept: false });
    draining.sealAll();
    return { state, draining, workers, isClosed };
  }

  test("keeps one worker for the end, which closes only after all others and the arbiter", () => {
    const { draining, workers, isClosed } = stopping();
    const [first, last] = workers;
    expect([seals(first), seals(last)]).toEqual([[{ type: "seal", isLast: false, kept: [] }], []]);
    draining.continueSealing();
    expect([draining.isSealed, isClosed()]).toEqual([false, false]);
    first.worker.hasClosedListeners = true;
    draining.continueSealing();
    expect([draining.isSealed, isClosed()]).toEqual([true, true]);
    expect(seals(last)).toEqual([{ type: "seal", isLast: true, kept: [] }]);
  });

  test("keeps nobody where each has a socket of its own", () => {
    const { workers } = stopping({ dispatch: "reuse-port" });
    expect(workers.map((each) => seals(each))).toMatchObject([[{ isLast: true }], [{ isLast: true }]]);
  });

  test("closes at once where no worker accepts", () => {
    const state = running();
    const { isClosed } = listen(state);
    const draining = new Draining(state);
    draining.sealAll();
    expect([draining.isSealed, isClosed()]).toEqual([true, true]);
  });
});
