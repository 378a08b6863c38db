import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { running, types, workerOf } from "../../../test/server/arbiter-double.ts";
import { mergeStats } from "../metrics/merge-stats.ts";
import { emptyWorkerStats } from "../metrics/worker-stats.ts";
import { WorkerLedger } from "./worker-ledger.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("WorkerLedger.ended", () => {
  test("keeps what a worker had counted, and why it ended", () => {
    const state = running();
    const ledger = new WorkerLedger(state);
    const { worker } = workerOf(state, 1, "dead");
    worker.stats = { ...emptyWorkerStats(), requests: 7, inFlight: 2 };
    ledger.ended(worker, "age");
    ledger.ended(workerOf(state, 2, "dead").worker, "age");
    expect(ledger.endedStats).toMatchObject([{ requests: 7, inFlight: 0 }]);
    expect(ledger.restarts).toEqual({ age: 2 });
  });

  test("keeps a short list however many workers end, and loses no count", () => {
    const state = running();
    const ledger = new WorkerLedger(state);
    for (let id = 1; id <= 100; id += 1) {
      const { worker } = workerOf(state, id, "dead");
      worker.stats = { ...emptyWorkerStats(), requests: 3 };
      ledger.ended(worker, "max-requests");
    }
    expect(ledger.endedStats.length).toBeLessThan(16);
    expect(mergeStats(ledger.endedStats).requests).toBe(300);
  });
});

describe("WorkerLedger.refresh", () => {
  test("asks those that count, and waits until all have answered", async () => {
    const state = running();
    const ledger = new WorkerLedger(state);
    const [first, second] = [workerOf(state, 1, "serving"), workerOf(state, 2, "draining")];
    const booting = workerOf(state, 3, "booting");
    vi.advanceTimersByTime(1000);
    let isOver = false;
    const refreshed = ledger.refresh(5).then(() => {
      isOver = true;
    });
    expect([first, second, booting].map(({ told }) => types(told))).toEqual([["snapshot"], ["snapshot"], []]);
    for (const { worker } of [first, second]) {
      expect(isOver).toBe(false);
      worker.lastSeen = performance.now() / 1000;
      ledger.heard(worker, emptyWorkerStats());
      await Promise.resolve();
    }
    await refreshed;
    expect(vi.getTimerCount()).toBe(0);
  });

  test("does not wait for one that ends meanwhile, nor for longer than it may", async () => {
    const state = running();
    const ledger = new WorkerLedger(state);
    const { worker } = workerOf(state, 1, "serving");
    vi.advanceTimersByTime(1000);
    const first = ledger.refresh(5);
    worker.phase = "dead";
    ledger.ended(worker, "crash");
    await first;
    workerOf(state, 2, "serving").worker.lastSeen = 0;
    const second = ledger.refresh(5);
    vi.advanceTimersByTime(5000);
    await expect(second).resolves.toBeUndefined();
  });

  test("is done at once where nobody counts", async () => {
    await expect(new WorkerLedger(running()).refresh(5)).resolves.toBeUndefined();
  });
});
