import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { running, types, workerOf } from "../../../test/server/arbiter-double.ts";
import type { ArbiterOptions } from "../settings/arbiter-options.ts";
import type { Hooks } from "../settings/hooks.ts";
import type { ArbiterState } from "./arbiter-state.ts";
import { Draining } from "./draining.ts";
import { directoryOf, WorkerPool } from "./worker-pool.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A pool that has all the workers that it wants: it starts none here. */
function made(
  more: Partial<ArbiterOptions> = {},
  hooks: Hooks = {},
): { state: ArbiterState & { readonly lines: string[] }; pool: WorkerPool } {
  const state = running(more, hooks);
  const pool = new WorkerPool(state, new Draining(state), { said: () => {}, exited: () => {} }, "/srv");
  return { state, pool };
}

describe("WorkerPool.setWanted", () => {
  test("ends what is too many, the oldest first, and tells the hook", async () => {
    const counts: unknown[] = [];
    const { state, pool } = made({}, { nworkersChanged: (_, count, before) => void counts.push([count, before]) });
    const [old, young] = [workerOf(state, 1, "serving"), workerOf(state, 2, "serving")];
    pool.setWanted(2);
    pool.setWanted(2);
    pool.setWanted(1);
    await Promise.resolve();
    expect([types(old.told), types(young.told), old.worker.endReason]).toEqual([["drain"], [], "scaled-down"]);
    expect(counts).toEqual([
      [2, 0],
      [1, 2],
    ]);
  });

  test("does not count workers of a reload that is not decided", () => {
    const { state, pool } = made();
    const [old, candidate] = [workerOf(state, 1, "serving"), workerOf(state, 2, "ready")];
    candidate.worker.isCandidate = true;
    pool.setWanted(1);
    expect([old.told, candidate.told]).toEqual([[], []]);
  });

  test("does nothing to a server that stops", () => {
    const { state, pool } = made();
    const one = workerOf(state, 1, "serving");
    state.stage = "stopping";
    pool.setWanted(0);
    pool.retire(one.worker, "age");
    expect([one.told, one.worker.isRetiring]).toEqual([[], false]);
  });
});

describe("WorkerPool.retire", () => {
  test("lets a worker go when another one serves in its place", () => {
    const { state, pool } = made();
    const [old, next] = [workerOf(state, 1, "serving"), workerOf(state, 2, "booting")];
    state.wanted = 1;
    pool.retire(old.worker, "memory");
    expect([old.worker.isRetiring, old.told]).toEqual([true, []]);
    next.worker.phase = "serving";
    pool.balance();
    expect([types(old.told), old.worker.endReason]).toEqual([["drain"], "memory"]);
    expect(state.lines).toEqual([expect.stringMatching(/^INFO Worker 1 \(pid \d+\) will be replaced: memory$/)]);
    pool.retire(old.worker, "age");
    expect(old.worker.endReason).toBe("memory");
  });
});

describe("WorkerPool.checkPatience", () => {
  test("kills one that has not ended by its time", () => {
    const { state, pool } = made();
    const one = workerOf(state, 1, "draining");
    one.worker.killAt = 30;
    pool.checkPatience(30);
    expect(one.signals).toEqual([]);
    pool.checkPatience(30.1);
    expect(one.signals).toEqual(["SIGKILL"]);
  });

  test("kills one that loads for too long, and says so", () => {
    const { state, pool } = made({ bootTimeout: 10 });
    const one = workerOf(state, 1, "booting");
    pool.checkPatience(10);
    pool.checkPatience(10.1);
    expect([one.signals, one.worker.endReason]).toEqual([["SIGKILL"], "boot-timeout"]);
    expect(one.worker.bootFailure?.message).toContain("within 10 seconds");
  });

  test("lets one load for ever where the limit is 0", () => {
    const { state, pool } = made({ bootTimeout: 0 });
    const one = workerOf(state, 1, "booting");
    pool.checkPatience(1_000_000);
    expect(one.signals).toEqual([]);
  });

  test("kills one that is silent, and says why", () => {
    const { state, pool } = made({ heartbeatTimeout: 5 });
    const one = workerOf(state, 1, "serving");
    one.worker.lastSeen = 100;
    pool.checkPatience(105);
    expect(one.signals).toEqual([]);
    pool.checkPatience(105.1);
    expect([one.signals, one.worker.endReason]).toEqual([["SIGKILL"], "blocked"]);
    expect(state.lines).toEqual([expect.stringMatching(/^CRITICAL Worker 1 .* is blocked: no heartbeat .* for 5 s/)]);
  });

  test("does not mind silence where the limit is 0", () => {
    const { state, pool } = made({ heartbeatTimeout: 0 });
    const one = workerOf(state, 1, "serving");
    pool.checkPatience(1_000_000);
    expect(one.signals).toEqual([]);
  });
});

describe("WorkerPool.crashed", () => {
  test("waits before it starts the next one after several crashes, and says for how long", () => {
    const { state, pool } = made();
    const { worker } = workerOf(state, 1, "dead");
    state.workers.clear();
    state.wanted = 1;
    for (let count = 0; count < 6; count += 1) pool.crashed(worker, { code: 7, signal: null });
    expect(state.lines.at(-1)).toMatch(/^ERROR Worker 1 .* ended with exit code 7; the next one starts in \d+\.\d s$/);
    // It is not started in this turn: nothing is spawned.
    pool.balance();
    expect(state.workers.size).toBe(0);
  });

  test("names the signal, and what the worker said", () => {
    const { state, pool } = made();
    const { worker } = workerOf(state, 1, "dead");
    worker.bootFailure = {
      type: "boot-failed",
      stage: "app",
      message: "It threw",
      detail: "stack",
      exitCode: 3,
      code: "",
    };
    pool.crashed(worker, { code: null, signal: "SIGSEGV" });
    expect(state.lines[0]).toMatch(/ended with signal SIGSEGV.*: It threw\nstack$/s);
  });
});

test("WorkerPool.dismiss ends one that may be busy loading by a signal", () => {
  const { state, pool } = made();
  const one = workerOf(state, 1, "ready");
  pool.dismiss(one.worker, "reload");
  expect([one.signals, one.worker.endReason, one.worker.killAt]).toEqual([["SIGKILL"], "reload", 0]);
});

test.each<[what: string, more: Partial<ArbiterOptions>, wanted: number, sizes: readonly number[]]>([
  ["one process each", {}, 3, [1, 1, 1]],
  ["several Python processes each", { target: "shop.py", guestProcesses: 2 }, 2, [2, 2]],
  ["few in front of many Python processes", { target: "shop.py", guestProcesses: 0 }, 9, [5, 4]],
  ["one process each, of a pipeline", { target: "shop.ini", guestProcesses: 0 }, 2, [1, 1]],
])("WorkerPool.sizes: %s", (_, more, wanted, sizes) => {
  const { state, pool } = made(more);
  expect(pool.sizes(state.options, wanted)).toEqual(sizes);
});

test.each([
  [null, "/srv"],
  ["current", "/srv/current"],
  ["/elsewhere", "/elsewhere"],
])("directoryOf: --chdir %j", (chdir, directory) => {
  expect(directoryOf(running({ chdir }).options, "/srv")).toBe(directory);
});
