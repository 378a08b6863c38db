import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { running } from "../../../test/server/arbiter-double.ts";
import type { ArbiterOptions } from "../settings/arbiter-options.ts";
import type { Hooks } from "../settings/hooks.ts";
import type { ArbiterContext } from "./arbiter-context.ts";
import { Succession } from "./succession.ts";
import { SystemdNotifier } from "./systemd.ts";
import type { WorkerPool } from "./worker-pool.ts";

let directory: string;

beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), "tsgi-succession-"))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** A process that is not the parent of this one, so that it has gone as a predecessor. */
const GONE = process.pid;

/**
 * @param predecessor - process id of the arbiter before this one
 * @param program - what a successor runs
 */
function made(predecessor: number | null, program = "", more: Partial<ArbiterOptions> = {}, hooks: Hooks = {}) {
  writeFileSync(join(directory, "successor.mjs"), program);
  const state = running(more, hooks);
  const notifier = new SystemdNotifier({});
  const told: string[] = [];
  vi.spyOn(notifier, "notify").mockImplementation((text) => void told.push(text));
  const wanted: number[] = [];
  const pool = { setWanted: (count: number) => void wanted.push(count) };
  const context: ArbiterContext = { log: state.log, version: "1", command: ["successor.mjs"], directory };
  const succession = new Succession(state, context, notifier, predecessor);
  // It only asks the pool for workers.
  return { state, succession, told, wanted, start: () => succession.start(pool as unknown as WorkerPool) };
}

test("without a pid file in the settings there is none", async () => {
  expect(await made(null).succession.createPidFile(null)).toBeNull();
});

test("the pid file bears its name; that of an arbiter whose predecessor is there ends in .2 until it is promoted", async () => {
  const path = join(directory, "server.pid");
  expect((await made(null).succession.createPidFile(path))?.path).toBe(path);
  rmSync(path);

  const { state, succession, told } = made(GONE, "", { pid: path });
  state.pidFile = await succession.createPidFile(path);
  expect([existsSync(path), existsSync(`${path}.2`)]).toEqual([false, true]);
  succession.checkPromotion();
  expect(readFileSync(path, "utf8")).toBe(`${process.pid}\n`);
  expect(existsSync(`${path}.2`)).toBe(false);
  expect(told).toEqual([`MAINPID=${process.pid}`]);
  expect(state.lines).toEqual(["INFO Promoted: the old arbiter has ended"]);
});

test("an arbiter is promoted once, when its parent is no longer the arbiter before it", () => {
  const waiting = made(process.ppid);
  waiting.succession.checkPromotion();
  expect(waiting.succession).toMatchObject({ hasPredecessor: true, isAccompanied: true });
  expect(waiting.told).toEqual([]);

  const alone = made(GONE);
  alone.succession.checkPromotion();
  alone.succession.checkPromotion();
  expect(alone.succession).toMatchObject({ hasPredecessor: false, isAccompanied: false });
  expect(alone.told).toHaveLength(1);
});

test("a server that was never to replace another one is not promoted", () => {
  const { succession, told } = made(null);
  succession.checkPromotion();
  expect(told).toEqual([]);
});

test("an upgrade is refused while the arbiter before this one is there, and while the server is not running", async () => {
  const young = made(process.ppid);
  await young.start();
  const stopping = made(null);
  stopping.state.stage = "stopping";
  await stopping.start();
  const line = "WARNING Cannot upgrade: another arbiter has been started already, or the server is not running";
  expect([young.state.lines, stopping.state.lines]).toEqual([[line], [line]]);
});

test("a second upgrade is refused while the successor runs", async () => {
  const { state, start, succession } = made(null, "setInterval(() => {}, 1000);");
  await start();
  expect(succession.isAccompanied).toBe(true);
  await start();
  expect(state.lines.at(-1)).toMatch(/^WARNING Cannot upgrade/);
  process.kill(Number(/pid (\d+)/.exec(state.lines[0] ?? "")?.[1]), "SIGKILL");
  await expect.poll(() => succession.isAccompanied).toBe(false);
  expect(state.lines.at(-1)).toBe("WARNING The new arbiter has ended (SIGKILL); this one continues");
});

test.each([
  // WINCH ends the workers of the old arbiter.
  ["starts its workers again, if it had ended them", 0, [3]],
  ["keeps the workers that it has", 2, []],
])("an arbiter whose successor fails goes on and %s", async (_, wantedBefore, wanted) => {
  const scene = made(null, "process.exit(7);", { workers: 3 });
  scene.state.wanted = wantedBefore;
  await scene.start();
  await expect.poll(() => scene.succession.isAccompanied).toBe(false);
  expect(scene.state.lines.at(-1)).toBe("WARNING The new arbiter has ended (exit code 7); this one continues");
  expect(scene.wanted).toEqual(wanted);
});

test("a successor that ends while this arbiter stops is no news", async () => {
  const { state, start, succession } = made(null, "process.exit(0);");
  await start();
  state.stage = "stopping";
  await expect.poll(() => succession.isAccompanied).toBe(false);
  expect(state.lines).toEqual([expect.stringMatching(/^INFO Started the new arbiter \(pid \d+\)$/)]);
});

test("the hook preExec is called before the successor starts", async () => {
  const order: string[] = [];
  const hooks: Hooks = { preExec: () => void order.push(existsSync(join(directory, "ran")) ? "late" : "first") };
  const program = `import { writeFileSync } from "node:fs"; writeFileSync("ran", "");`;
  const { start, succession } = made(null, program, {}, hooks);
  await start();
  await expect.poll(() => succession.isAccompanied).toBe(false);
  expect([order, existsSync(join(directory, "ran"))]).toEqual([["first"], true]);
});
