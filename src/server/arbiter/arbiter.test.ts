// The arbiter whole, with real processes that only say what workers say: see the program.
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { notedLog, options } from "../../../test/server/arbiter-double.ts";
import type { WorkerSnapshot } from "../metrics/arbiter-snapshot.ts";
import type { ArbiterOptions } from "../settings/arbiter-options.ts";
import { Arbiter } from "./arbiter.ts";
import type { ArbiterContext } from "./arbiter-context.ts";
import type { Services } from "./services.ts";

const STAND_IN = fileURLToPath(new URL("../../../test/server/stand-in-worker.mjs", import.meta.url));
const { execArgv, title } = process;

// Workers are started with what Node was started with.
beforeEach(() => void (process.execArgv = ["--import", STAND_IN]));
afterEach(() => void Object.assign(process, { execArgv, title }));

/** An arbiter, and what came of it. */
interface Scene {
  readonly arbiter: Arbiter;
  /** The end of its run: an exit code, or an error. */
  readonly ended: Promise<unknown>;
  readonly lines: readonly string[];
  /** The hooks that were called, in order. */
  readonly called: readonly string[];
  /** The workers that serve now. */
  readonly serving: () => WorkerSnapshot[];
}

function started(target: string, more: Partial<ArbiterOptions> = {}, context: Partial<ArbiterContext> = {}): Scene {
  const { log, lines } = notedLog();
  const called: string[] = [];
  const note = (name: string) => () => void called.push(name);
  const hooks = {
    onStarting: note("onStarting"),
    whenReady: note("whenReady"),
    childExit: note("childExit"),
    onExit: note("onExit"),
  };
  const arbiter = new Arbiter(options({ target, bind: ["127.0.0.1:0"], ...more }), {
    log,
    version: "1.2.3",
    command: [],
    directory: process.cwd(),
    hooks,
    ...context,
  });
  const ended = arbiter.run().catch((error: unknown) => error);
  onTestFinished(async () => {
    arbiter.stop("quick");
    arbiter.stop("quick");
    await ended;
  });
  const serving = (): WorkerSnapshot[] => arbiter.snapshot().workers.filter(({ phase }) => phase === "serving");
  return { arbiter, ended, lines, called, serving };
}

/** Waits until so many workers serve, and no others are there; gives their process ids. */
async function whenServing({ arbiter, serving }: Scene, count: number): Promise<number[]> {
  await expect.poll(() => [serving().length, arbiter.snapshot().workers.length]).toEqual([count, count]);
  return serving().map(({ pid }) => pid);
}

async function whenReady({ called }: Scene): Promise<void> {
  await expect.poll(() => called).toContain("whenReady");
}

test("the server is ready when all its first workers serve; a stop ends them, and the run with 0", async () => {
  const scene = started("good", { workers: 2 });
  expect(scene.arbiter.snapshot()).toMatchObject({ isReady: false, target: "good", version: "1.2.3" });
  await whenReady(scene);
  expect(scene.serving()).toHaveLength(2);
  const { listeners, isReady, wantedWorkers } = scene.arbiter.snapshot();
  expect({ isReady, wantedWorkers }).toEqual({ isReady: true, wantedWorkers: 2 });
  expect(scene.lines).toContain(`INFO Listening at: ${listeners.join(",")} (${process.pid})`);
  scene.arbiter.stop("graceful", "term");
  expect(scene.arbiter.snapshot()).toMatchObject({ isStopping: true, isReady: false });
  expect(await scene.ended).toBe(0);
  expect(scene.called).toEqual(["onStarting", "whenReady", "childExit", "childExit", "onExit"]);
  expect(scene.lines.at(-1)).toBe("INFO Shutting down: tsgi");
});

test.each([
  ["that cannot load the application", "broken", { message: "No such module", exitCode: 3, code: "ERR_TEST" }],
  ["that dies", "dying", { message: expect.stringContaining("exit code 7") as string }],
])("a first worker %s ends the server with its error", async (_, target, error) => {
  const scene = started(target, { workers: 2 });
  expect(await scene.ended).toMatchObject(error);
  expect(scene.called).not.toContain("whenReady");
  await expect.poll(() => scene.arbiter.snapshot().workers).toEqual([]);
  expect(scene.lines.filter((line) => line.startsWith("ERROR"))).toEqual([]);
});

test("a server that cannot start one of its services ends, and its workers with it", async () => {
  const services = { start: () => Promise.reject(new Error("no such port")), close: () => Promise.resolve() };
  // No more of it is used.
  const scene = started("good", {}, { services: services as unknown as Services });
  expect(await scene.ended).toMatchObject({ message: "no such port" });
  await expect.poll(() => scene.arbiter.snapshot().workers).toEqual([]);
});

test("a worker that is killed is replaced, and counted", async () => {
  const scene = started("good");
  await whenReady(scene);
  const [before = 0] = await whenServing(scene, 1);
  expect(scene.arbiter.killWorker(process.pid)).toBe(false);
  expect(scene.arbiter.killWorker(before)).toBe(true);
  await expect.poll(() => scene.called).toContain("childExit");
  expect(await whenServing(scene, 1)).not.toEqual([before]);
  expect(scene.arbiter.snapshot().restarts).toEqual({ killed: 1 });
});

test("a worker that dies by itself is replaced too: after the start, no fault of one ends the server", async () => {
  const scene = started("good");
  await whenReady(scene);
  const [before = 0] = await whenServing(scene, 1);
  process.kill(before, "SIGSEGV");
  await expect.poll(() => scene.called).toContain("childExit");
  expect(await whenServing(scene, 1)).not.toEqual([before]);
});

test("a worker that asks to be replaced leaves when its successor serves", async () => {
  const scene = started("good");
  await whenReady(scene);
  const [before = 0] = await whenServing(scene, 1);
  process.kill(before, "SIGUSR2");
  await expect.poll(() => scene.serving().some(({ pid }) => pid !== before)).toBe(true);
  expect(await whenServing(scene, 1)).not.toEqual([before]);
  expect(scene.lines).toContain(`INFO Worker 1 (pid ${before}) will be replaced: memory`);
  expect(scene.arbiter.snapshot().restarts).toEqual({ memory: 1 });
});

test("workers are added and removed by signals; the last one stays", async () => {
  const scene = started("good");
  await whenReady(scene);
  scene.arbiter.changeWorkers(1);
  await whenServing(scene, 2);
  expect(scene.arbiter.removeWorkers(5)).toBe(1);
  await whenServing(scene, 1);
  scene.arbiter.changeWorkers(-1);
  expect(scene.arbiter.snapshot().wantedWorkers).toBe(1);
  expect(scene.lines).toEqual(expect.arrayContaining(["INFO Handling signal: ttin", "INFO Handling signal: ttou"]));
});

test("a reload replaces the workers by those of a new generation", async () => {
  const scene = started("good");
  await whenReady(scene);
  const [before] = await whenServing(scene, 1);
  expect(await scene.arbiter.reload()).toMatchObject({ isDone: true, generation: 2 });
  expect(await whenServing(scene, 1)).not.toEqual([before]);
  expect(scene.arbiter.snapshot()).toMatchObject({ generation: 2, restarts: { reload: 1 } });
});

test("a reload whose worker cannot load the application leaves the old workers as they are", async () => {
  const scene = started("good once");
  await whenReady(scene);
  const before = await whenServing(scene, 1);
  expect(await scene.arbiter.reload()).toMatchObject({ isDone: false, reason: "No such module" });
  expect(await whenServing(scene, 1)).toEqual(before);
  expect(scene.arbiter.snapshot()).toMatchObject({ generation: 1, lastReload: { isDone: false } });
});

test("the requests that workers list bear the worker's number and process", async () => {
  const scene = started("good");
  await whenReady(scene);
  const [pid] = await whenServing(scene, 1);
  expect(await scene.arbiter.requests(60)).toMatchObject({
    requests: [{ worker: 1, pid, path: "/of/1", requestId: "r1" }],
    leftOut: 2,
    silentWorkers: [],
  });
});

test("a second request to stop kills workers that do not leave", async () => {
  const scene = started("stubborn");
  await whenReady(scene);
  scene.arbiter.stop("graceful", "term");
  expect(scene.arbiter.snapshot().workers).toHaveLength(1);
  scene.arbiter.stop("graceful", "term");
  expect(await scene.ended).toBe(0);
  expect(scene.lines).toContain("INFO Handling signal: term; cutting off the requests in progress");
});

test("the sockets are closed when the run has ended", async () => {
  const scene = started("good");
  await whenReady(scene);
  const port = Number(/:(\d+)$/.exec(scene.arbiter.snapshot().listeners[0] ?? "")?.[1]);
  scene.arbiter.stop("quick");
  await scene.ended;
  const refused = await new Promise((resolve) => connect(port, "127.0.0.1").once("error", resolve));
  expect(refused).toMatchObject({ code: "ECONNREFUSED" });
});
