// A guest may run as another user, who says on the control channel what he likes: the host believes what can be, and does nothing else.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { guestSettings, type GuestLogEntry } from "../../src/guests/lane/guest-options.ts";
import { GuestPool } from "../../src/guests/lane/guest-pool.ts";
import { FrameType } from "../../src/protocols/lane/frame.ts";
import { eventually } from "../python/serve-python.ts";
import { NodeLanguage, type NodeOptions } from "./node-language.ts";

const READY = [FrameType.ready, { address: null, modules: [], hooks: [] }] as const;

function poolOf(says: NonNullable<NodeOptions["says"]>, log: GuestLogEntry[] = []): GuestPool {
  const language = new NodeLanguage({ status: "write", says }, true);
  const settings = guestSettings({ log: (entry: GuestLogEntry) => log.push(entry) }, language.name);
  const pool = new GuestPool(settings, language, false);
  onTestFinished(() => pool.close(0));
  return pool;
}

test("a guest that tells of the end of a process which is none of its own does not have it ended", async () => {
  const bystander = spawn(process.execPath, ["-e", "console.log(1); setInterval(() => {}, 1000)"], { detached: true });
  onTestFinished(() => void bystander.kill("SIGKILL"));
  await once(bystander.stdout, "data");
  const log: GuestLogEntry[] = [];
  const exited = [FrameType.exited, { pid: bystander.pid, status: 0 }] as const;
  const said = [FrameType.log, { level: "info", message: "said" }] as const;
  await poolOf([exited, READY, said], log).start();
  await eventually(() => log.some(({ message }) => message === "said"), "what the guest says last");
  // A signal that was sent before that has been taken by then, or is when this one is.
  bystander.kill("SIGUSR2");
  expect(await once(bystander, "exit")).toEqual([null, "SIGUSR2"]);
});

test.each<[what: string, says: readonly [type: number, message: unknown]]>([
  ["READY whose hooks are a number", [FrameType.ready, { hooks: 7 }]],
  ["READY whose address is a word", [FrameType.ready, { address: "here" }]],
  ["BROKEN without a message", [FrameType.broken, null]],
  ["EXITED of all processes", [FrameType.exited, { pid: -1, status: 0 }]],
  ["LOG of a number", [FrameType.log, { level: "info", message: 7 }]],
  ["MODULES that are numbers", [FrameType.modules, [1, 2]]],
])("a guest that sends %s is ended", async (_what, says) => {
  await expect(poolOf([says]).start()).rejects.toThrow(/^The process ended before .* \(The guest sent [A-Z]+ with/);
});
