import { expect, test } from "vitest";
import { options, running, workerOf, type WorkerDouble, types } from "../../../test/server/arbiter-double.ts";
import type { ReloadOutcome } from "../metrics/arbiter-snapshot.ts";
import type { ArbiterOptions } from "../settings/arbiter-options.ts";
import type { Hooks } from "../settings/hooks.ts";
import { Reloader, type ReloadParts } from "./reloader.ts";

/** A reloader, the arbiter's state, and what was asked of the other parts. */
interface Scene {
  readonly reloader: Reloader;
  readonly state: ReturnType<typeof running>;
  /** What was done, in order. */
  readonly done: string[];
  /** The worker that serves before the reload. */
  readonly old: WorkerDouble;
  /** Workers that the reload has started. */
  readonly started: WorkerDouble[];
}

/** @param reread - gives the configuration that a reload finds */
function scene(reread?: () => Promise<{ options: ArbiterOptions; hooks: Hooks }>, hooks: Hooks = {}): Scene {
  const state = running({}, hooks);
  state.wanted = 1;
  const done: string[] = [];
  const started: WorkerDouble[] = [];
  const old = workerOf(state, 1, "serving");
  const parts = {
    state,
    context: { reread },
    pool: {
      sizes: ({ workers }: ArbiterOptions) => Array.from({ length: workers }, () => 1),
      startCandidate: ({ generation }: { generation: number }) => {
        const candidate = workerOf(state, 10 + started.length, "booting", generation);
        candidate.worker.isCandidate = true;
        started.push(candidate);
        return candidate.worker;
      },
      forgetCrashes: () => {},
      dismiss: ({ id }: { id: number }, reason: string) => done.push(`dismiss ${id}: ${reason}`),
      retire: ({ id }: { id: number }, reason: string) => done.push(`retire ${id}: ${reason}`),
    },
    draining: { reloaded: () => {} },
    sockets: { accept: () => Promise.resolve() },
    preparation: {
      applicable: (wanted: ArbiterOptions) => wanted,
      prepare: () =>
        Promise.resolve({
          listeners: [],
          prepared: { commit: () => done.push("opened is kept"), abort: () => done.push("opened is closed") },
        }),
    },
    notifier: { notify: (text: string) => done.push(text) },
  };
  // A reload uses no more of its parts.
  return { reloader: new Reloader(parts as unknown as ReloadParts), state, done, old, started };
}

/** Lets the new worker come up and the old one leave. */
async function takePlace({ reloader, started, old }: Scene): Promise<void> {
  await expect.poll(() => started).toHaveLength(1);
  const [candidate] = started;
  if (candidate === undefined) return;
  candidate.worker.phase = "ready";
  reloader.candidateReady();
  candidate.worker.phase = "serving";
  old.worker.hasClosedListeners = true;
  reloader.continue();
}

test("a reload puts new options, hooks and a new generation in force, and says so to systemd", async () => {
  const hooks: Hooks = { onReload: () => {} };
  const found = { options: options({ timeout: 7 }), hooks };
  const all = scene(() => Promise.resolve(found));
  const outcome = all.reloader.request({});
  expect(all.reloader.isReloading).toBe(true);
  await takePlace(all);
  expect(await outcome).toMatchObject({ isDone: true, generation: 2 });
  expect(all.state).toMatchObject({ generation: 2, hooks, options: { timeout: 7 } });
  expect(all.done).toEqual(["RELOADING=1", "retire 1: reload", "opened is kept", "READY=1"]);
  expect(types(all.started[0]?.told ?? [])).toEqual(["serve"]);
  expect(all.reloader.isReloading).toBe(false);
});

test("a reload is over only when the new workers serve and the old ones have closed their listeners", async () => {
  const all = scene();
  let outcome: ReloadOutcome | null = null;
  void all.reloader.request({}).then((each) => (outcome = each));
  await expect.poll(() => all.started).toHaveLength(1);
  const [candidate] = all.started;
  if (candidate !== undefined) candidate.worker.phase = "ready";
  all.reloader.candidateReady();
  all.reloader.continue();
  expect(all.reloader.isReloading).toBe(true);
  if (candidate !== undefined) candidate.worker.phase = "serving";
  all.reloader.continue();
  expect(all.reloader.isReloading).toBe(true);
  all.old.worker.phase = "dead";
  all.reloader.continue();
  await expect.poll(() => outcome).toMatchObject({ isDone: true });
});

test("a reload whose worker is lost leaves all as it was, and the log says why", async () => {
  const all = scene();
  const outcome = all.reloader.request({});
  await expect.poll(() => all.started).toHaveLength(1);
  all.reloader.candidateLost({
    type: "boot-failed",
    stage: "app",
    message: "It threw",
    detail: "at app.ts:1",
    exitCode: 3,
    code: "",
  });
  expect(await outcome).toEqual({ isDone: false, reason: "It threw", detail: "at app.ts:1" });
  expect(all.done).toEqual(["RELOADING=1", "opened is closed", "dismiss 10: boot-failed", "READY=1"]);
  expect(all.state.generation).toBe(1);
  expect(all.state.lines).toContain("ERROR Reload failed, generation 1 keeps serving: It threw\nat app.ts:1");
  expect(all.reloader.lastOutcome).toMatchObject({ isDone: false });
});

test("a configuration that cannot be read makes a reload fail before anything is opened or started", async () => {
  const all = scene(() => Promise.reject(new Error("No such file")));
  expect(await all.reloader.request({})).toMatchObject({ isDone: false, reason: "No such file" });
  expect(all.started).toEqual([]);
  expect(all.done).toEqual(["RELOADING=1", "READY=1"]);
});

test("a hook that throws is told to the log, and the reload goes on", async () => {
  const all = scene(undefined, {
    onReload: () => {
      throw new Error("of the hook");
    },
  });
  const outcome = all.reloader.request({});
  await takePlace(all);
  expect(await outcome).toMatchObject({ isDone: true });
  expect(all.state.lines.join("\n")).toContain("of the hook");
});

test("who asks during a reload gets another one behind it", async () => {
  const all = scene();
  const first = all.reloader.request({});
  const [second, third] = [all.reloader.request({}), all.reloader.request({})];
  await takePlace(all);
  expect(await first).toMatchObject({ generation: 2 });
  await expect.poll(() => all.started).toHaveLength(2);
  const candidate = all.started[1]?.worker;
  if (candidate !== undefined) candidate.phase = "serving";
  if (all.started[0] !== undefined) all.started[0].worker.hasClosedListeners = true;
  all.reloader.candidateReady();
  all.reloader.continue();
  // One for both.
  expect(await Promise.all([second, third])).toMatchObject([{ generation: 3 }, { generation: 3 }]);
  expect(all.started).toHaveLength(2);
});

test("a superseding reload ends the one that runs, without an error in the log", async () => {
  const all = scene();
  const first = all.reloader.request({});
  await expect.poll(() => all.started).toHaveLength(1);
  const second = all.reloader.request({ isSuperseding: true });
  expect(await first).toMatchObject({ isDone: false, reason: "A newer one takes its place" });
  expect(all.state.lines.filter((line) => line.startsWith("ERROR"))).toEqual([]);
  await expect.poll(() => all.started).toHaveLength(2);
  all.reloader.cancel();
  expect(await second).toMatchObject({ isDone: false, reason: "The server stops" });
});

test("a reload that was asked for while the server starts begins when it runs", async () => {
  const all = scene();
  all.state.stage = "starting";
  const outcome = all.reloader.request({});
  expect(all.reloader.isReloading).toBe(false);
  all.state.stage = "running";
  all.reloader.beginIfAsked();
  await takePlace(all);
  expect(await outcome).toMatchObject({ isDone: true });
});

test.each(["stopping", "ended"] as const)("there is no reload of a server that is %s", async (stage) => {
  const all = scene();
  all.state.stage = stage;
  expect(await all.reloader.request({})).toEqual({ isDone: false, reason: `The server is ${stage}`, detail: "" });
  expect(all.done).toEqual([]);
});

test("a server that stops while a reload is prepared starts no worker that stays", async () => {
  const all = scene(() => {
    all.state.stage = "stopping";
    return Promise.resolve({ options: options(), hooks: {} });
  });
  expect(await all.reloader.request({})).toMatchObject({ isDone: false, reason: "The server stops" });
  expect(all.started).toEqual([]);
});

test("workers that were added by hand stay; a count that the configuration changes counts", async () => {
  const same = scene(() => Promise.resolve({ options: options({ workers: 1 }), hooks: {} }));
  same.state.wanted = 3;
  void same.reloader.request({});
  await expect.poll(() => same.started).toHaveLength(1);
  same.reloader.cancel();
  const changed = scene(() => Promise.resolve({ options: options({ workers: 2 }), hooks: {} }));
  const outcome = changed.reloader.request({});
  await expect.poll(() => changed.started).toHaveLength(1);
  changed.reloader.candidateReady();
  changed.reloader.tick(performance.now() / 1000 + 1);
  await expect.poll(() => changed.started).toHaveLength(2);
  for (const { worker } of changed.started) worker.phase = "serving";
  changed.old.worker.phase = "dead";
  changed.reloader.candidateReady();
  changed.reloader.continue();
  await outcome;
  expect([same.state.wanted, changed.state.wanted]).toEqual([3, 2]);
});
