import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { running, types, workerOf } from "../../../test/server/arbiter-double.ts";
import type { ArbiterOptions } from "../settings/arbiter-options.ts";
import type { ArbiterSockets } from "./arbiter-sockets.ts";
import type { ArbiterState, Stage } from "./arbiter-state.ts";
import { Draining } from "./draining.ts";
import type { Reloader } from "./reloader.ts";
import { Shutdown } from "./shutdown.ts";
import type { Succession } from "./succession.ts";
import type { SystemdNotifier } from "./systemd.ts";
import { WorkerPool } from "./worker-pool.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

interface Made {
  readonly state: ArbiterState & { readonly lines: string[] };
  readonly shutdown: Shutdown;
  /** What was done, in order. */
  readonly done: string[];
}

function made(more: Partial<ArbiterOptions> = {}, stage: Stage = "running", isAccompanied = false): Made {
  const state = running(more);
  state.stage = stage;
  const done: string[] = [];
  const draining = new Draining(state);
  const nobody = { said: () => {}, exited: () => {} };
  // Of these a stop uses no more.
  const sockets = { stopAccepting: (isLast: boolean) => void done.push(`accept no more, last: ${isLast}`) };
  const shutdown = new Shutdown({
    state,
    pool: new WorkerPool(state, draining, nobody, "/"),
    draining,
    sockets: sockets as unknown as ArbiterSockets,
    reloader: { cancel: () => done.push("cancel the reload") } as unknown as Reloader,
    succession: { isAccompanied } as Succession,
    notifier: { notify: (text: string) => done.push(text) } as unknown as SystemdNotifier,
    whenEnded: () => done.push("ended"),
  });
  return { state, shutdown, done };
}

/** Lets what was asked for happen. */
const turn = (): Promise<void> => vi.advanceTimersByTimeAsync(0).then(() => {});

describe("Shutdown", () => {
  test("drains those that serve, dismisses those that do not, and ends with the last of them", async () => {
    const { state, shutdown, done } = made({ gracefulTimeout: 30, keepAlive: 5 });
    const [serving, booting] = [workerOf(state, 1, "serving"), workerOf(state, 2, "booting")];
    shutdown.request("graceful", "term");
    await turn();
    expect(serving.told).toEqual([{ type: "drain", gracefulSeconds: 30, idleSeconds: 1, isQueueKept: false }]);
    expect(booting.signals).toEqual(["SIGKILL"]);
    expect(done).toEqual(["cancel the reload", "STOPPING=1", "accept no more, last: true"]);
    state.workers.delete(booting.worker);
    shutdown.continue();
    expect(types(serving.told)).toEqual(["drain", "seal"]);
    state.workers.delete(serving.worker);
    shutdown.continue();
    shutdown.continue();
    expect([done.slice(3), state.stage, shutdown.isAsked]).toEqual([["ended"], "ended", true]);
  });

  test("gives requests two seconds when it is to be quick", async () => {
    const { state, shutdown } = made({ gracefulTimeout: 30 });
    const { told } = workerOf(state, 1, "serving");
    shutdown.request("quick", "int");
    await turn();
    expect(told[0]).toMatchObject({ type: "drain", gracefulSeconds: 2, idleSeconds: 0 });
  });

  test("leaves the queue to another arbiter where there is one", async () => {
    const { state, shutdown, done } = made({}, "running", true);
    const { told } = workerOf(state, 1, "serving");
    shutdown.request("graceful", "term");
    await turn();
    expect([types(told), done.at(-1)]).toEqual([["drain"], "accept no more, last: false"]);
    expect(told).toMatchObject([{ isQueueKept: true }]);
  });

  test("goes on accepting for a while as a lame duck, and no longer when it is asked again", async () => {
    const { state, shutdown, done } = made({ lameDuckSeconds: 10 });
    const { told, signals, worker } = workerOf(state, 1, "serving");
    shutdown.request("graceful", "term");
    await vi.advanceTimersByTimeAsync(9999);
    expect([told, state.stage]).toEqual([[], "stopping"]);
    shutdown.request("graceful", "term");
    await turn();
    expect([signals, done.includes("ended")]).toEqual([["SIGKILL"], false]);
    state.workers.delete(worker);
    shutdown.continue();
    expect(done.at(-1)).toBe("ended");
  });

  test("is a lame duck for as long as it should", async () => {
    const { state, shutdown } = made({ lameDuckSeconds: 10 });
    const { told } = workerOf(state, 1, "serving");
    shutdown.request("graceful", "term");
    await vi.advanceTimersByTimeAsync(10_000);
    expect(types(told)[0]).toBe("drain");
  });

  test("ends a server that starts without a lame duck, and one without workers at once", async () => {
    const { shutdown, done } = made({ lameDuckSeconds: 10 }, "starting");
    shutdown.request("graceful", "term");
    await turn();
    expect(done.at(-1)).toBe("ended");
  });

  test("cuts off everything when it is asked a second time", async () => {
    const { state, shutdown } = made();
    const one = workerOf(state, 1, "serving");
    shutdown.request("graceful", "term");
    await turn();
    shutdown.request("quick", "int");
    expect(one.signals).toEqual(["SIGKILL"]);
    expect(state.lines).toEqual([
      "INFO Handling signal: term",
      "INFO Handling signal: int; cutting off the requests in progress",
    ]);
  });
});
