import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { options, running } from "../../../test/server/arbiter-double.ts";
import type { ArbiterOptions } from "../settings/arbiter-options.ts";
import type { ArbiterContext } from "./arbiter-context.ts";
import { ArbiterSockets } from "./arbiter-sockets.ts";
import type { Preparation } from "./preparation.ts";
import { ReloadPreparation } from "./reload-preparation.ts";
import type { Services } from "./services.ts";
import { Succession } from "./succession.ts";
import { SystemdNotifier } from "./systemd.ts";

let directory: string;
const started = process.cwd();

beforeEach(() => void (directory = realpathSync(mkdtempSync(join(tmpdir(), "tsgi-preparation-")))));

afterEach(() => {
  process.chdir(started);
  rmSync(directory, { recursive: true, force: true });
});

/** What a test may change. */
interface Scene {
  /** Process id of the arbiter before this one. */
  readonly predecessor?: number;
  /** In the place of the services. */
  readonly prepare?: (settings: ArbiterOptions) => Promise<Preparation>;
}

/** A server that runs with these settings, on one unix socket. */
async function serving(more: Partial<ArbiterOptions>, { predecessor, prepare }: Scene = {}) {
  const state = running({ bind: [`unix:${join(directory, "one")}`], ...more });
  // They prepare, and no more is asked of them.
  const services = prepare === undefined ? undefined : ({ prepare } as unknown as Services);
  const context: ArbiterContext = { log: state.log, version: "1", command: [], directory, services };
  const sockets = new ArbiterSockets([]);
  state.listeners = await sockets.open(state.options);
  const [listener] = state.listeners;
  onTestFinished(() => listener?.close());
  const succession = new Succession(state, context, new SystemdNotifier({}), predecessor ?? null);
  state.pidFile = await succession.createPidFile(state.options.pid);
  return { state, preparation: new ReloadPreparation(state, context, sockets, succession) };
}

/** The settings of the server with some others. */
function changed({ options: current }: { readonly options: ArbiterOptions }, more: Partial<ArbiterOptions>) {
  return { ...current, ...more };
}

test("what can be set at the start only stays, and the log says so", async () => {
  const { state, preparation } = await serving({ dispatch: "shared" });
  const wanted = changed(state, { dispatch: "dispatch", timeout: 7 });
  expect(preparation.applicable(wanted)).toEqual({ ...wanted, dispatch: "shared" });
  expect(state.lines).toEqual([
    'WARNING This reload cannot change dispatch: it stays "shared" until the server is started again; the configuration says "dispatch"',
  ]);
});

test("addresses stay while the arbiter before this one shares them", async () => {
  const { state, preparation } = await serving({}, { predecessor: process.ppid });
  const { bind } = state.options;
  expect(preparation.applicable(changed(state, { bind: ["127.0.0.1:0"] })).bind).toEqual(bind);
  expect(state.lines).toEqual([
    expect.stringMatching(/^WARNING This reload cannot change bind: .* while the old arbiter is there; .*127/),
  ]);
  const { listeners } = await preparation.prepare(changed(state, { bind: ["127.0.0.1:0"] }));
  expect(listeners).toBe(state.listeners);
});

test("a configuration that changes nothing of that sort is applied whole, without a word", async () => {
  const { state, preparation } = await serving({});
  const wanted = changed(state, { bind: ["127.0.0.1:0"], workers: 5 });
  expect(preparation.applicable(wanted)).toEqual(wanted);
  expect(state.lines).toEqual([]);
});

test("new sockets are opened beside those that are open; given up, only they are closed", async () => {
  const { state, preparation } = await serving({});
  const [one, two] = [join(directory, "one"), join(directory, "two")];
  const { listeners, prepared } = await preparation.prepare(changed(state, { bind: [`unix:${two}`] }));
  expect(listeners.map(({ bind }) => bind)).toEqual([`unix:${two}`]);
  expect([existsSync(one), existsSync(two)]).toEqual([true, true]);
  prepared.abort();
  expect([existsSync(one), existsSync(two)]).toEqual([true, false]);
});

test("the pid file moves when the reload takes place, and not when it is given up", async () => {
  const [before, after] = [join(directory, "before.pid"), join(directory, "after.pid")];
  const { state, preparation } = await serving({ pid: before });
  (await preparation.prepare(changed(state, { pid: after }))).prepared.abort();
  expect([existsSync(before), existsSync(after)]).toEqual([true, false]);
  (await preparation.prepare(changed(state, { pid: after }))).prepared.commit();
  expect([existsSync(before), readFileSync(after, "utf8")]).toEqual([false, `${process.pid}\n`]);
  expect(state.pidFile?.path).toBe(after);
});

test("a pid file whose setting stays is not written again", async () => {
  const path = join(directory, "server.pid");
  const { state, preparation } = await serving({ pid: path });
  const { ino } = statSync(path);
  (await preparation.prepare(changed(state, { timeout: 7 }))).prepared.commit();
  expect(statSync(path).ino).toBe(ino);
});

test("the log goes to its new file when the reload takes place, and not before", async () => {
  const path = join(directory, "error.log");
  const { state, preparation } = await serving({});
  const { prepared } = await preparation.prepare(changed(state, { errorLogfile: path }));
  state.log.info("before");
  prepared.commit();
  state.log.info("after");
  expect(state.lines).toEqual(["INFO before"]);
  expect(readFileSync(path, "utf8")).toMatch(/^[^\n]*after\n$/);
});

test("the working directory changes when the reload takes place", async () => {
  const { state, preparation } = await serving({});
  const { prepared } = await preparation.prepare(state.options);
  expect(process.cwd()).toBe(started);
  prepared.commit();
  expect(process.cwd()).toBe(directory);
});

test("a directory that is missing keeps everything else from being opened", async () => {
  const { state, preparation } = await serving({});
  const two = join(directory, "two");
  const wanted = changed(state, { chdir: "none", bind: [`unix:${two}`] });
  await expect(preparation.prepare(wanted)).rejects.toThrow(
    `Cannot change to the directory "${join(directory, "none")}" (--chdir): there is none`,
  );
  expect(existsSync(two)).toBe(false);
});

test("a service that cannot start undoes all that was opened before it", async () => {
  const prepare = (): Promise<never> => Promise.reject(new Error("no such address"));
  const { state, preparation } = await serving({}, { prepare });
  const [two, pid, log] = ["two", "server.pid", "error.log"].map((name) => join(directory, name));
  const wanted = options({ ...state.options, bind: [`unix:${two}`], pid: pid ?? "", errorLogfile: log ?? "" });
  await expect(preparation.prepare(wanted)).rejects.toThrow("no such address");
  expect([existsSync(two ?? ""), existsSync(pid ?? "")]).toEqual([false, false]);
  state.log.info("as before");
  expect(state.lines).toEqual(["INFO as before"]);
  expect(process.cwd()).toBe(started);
});

test("services are prepared for the settings that are to hold", async () => {
  const asked: unknown[] = [];
  const done: string[] = [];
  const prepare = (settings: ArbiterOptions): Promise<Preparation> => {
    asked.push(settings.stats);
    return Promise.resolve({ commit: () => void done.push("commit"), abort: () => void done.push("abort") });
  };
  const { state, preparation } = await serving({}, { prepare });
  (await preparation.prepare(changed(state, { stats: "127.0.0.1:9000" }))).prepared.commit();
  expect([asked, done]).toEqual([["127.0.0.1:9000"], ["commit"]]);
});
