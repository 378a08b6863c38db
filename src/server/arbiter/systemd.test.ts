import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { SystemdNotifier, takeActivatedSockets } from "./systemd.ts";

test("takeActivatedSockets gives one socket for each descriptor from 3 on, and takes the variables away", () => {
  const env = { LISTEN_PID: "17", LISTEN_FDS: "2", LISTEN_FDNAMES: "a:b", OTHER: "stays" };
  expect(takeActivatedSockets(env, 17)).toEqual([
    { fd: 3, bind: "fd://3" },
    { fd: 4, bind: "fd://4" },
  ]);
  expect(env).toEqual({ OTHER: "stays" });
});

test.each([
  ["for another process", { LISTEN_PID: "18", LISTEN_FDS: "1" }],
  ["without a process", { LISTEN_FDS: "1" }],
  ["without a number", { LISTEN_PID: "17" }],
])("takeActivatedSockets gives none of sockets %s, and takes the variables away all the same", (_, variables) => {
  const env: NodeJS.ProcessEnv = { ...variables };
  expect(takeActivatedSockets(env, 17)).toEqual([]);
  expect(env).toEqual({});
});

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tsgi-systemd-"));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** A program in the place of systemd-notify that notes what it is told; or, with `name`, in that of another. */
function stand(name: string): NodeJS.ProcessEnv {
  const program = join(directory, name);
  writeFileSync(program, `#!/bin/sh\necho "$@ to $NOTIFY_SOCKET" >> ${join(directory, "told")}\n`);
  chmodSync(program, 0o755);
  return { PATH: [directory, "/bin"].join(delimiter), NOTIFY_SOCKET: "/run/notify" };
}

function told(): string {
  try {
    return readFileSync(join(directory, "told"), "utf8");
  } catch {
    return "";
  }
}

test("SystemdNotifier tells systemd in the name of this process; the variables leave the environment of applications", async () => {
  const env: NodeJS.ProcessEnv = { ...stand("systemd-notify"), WATCHDOG_USEC: "5", WATCHDOG_PID: "1" };
  const notifier = new SystemdNotifier(env);
  expect(Object.keys(env)).toEqual(["PATH"]);
  expect(notifier.isOn).toBe(true);
  notifier.notify("READY=1", "STATUS=serves");
  await expect.poll(() => told()).toBe(`--pid=${process.pid} READY=1 STATUS=serves to /run/notify\n`);
});

test("SystemdNotifier speaks by python3 where systemd-notify is missing", async () => {
  const notifier = new SystemdNotifier({ ...stand("python3"), PATH: directory });
  notifier.notify("READY=1");
  await expect.poll(() => told()).toMatch(/READY=1 to \/run\/notify\n$/);
});

test("SystemdNotifier gives up where neither program is there", async () => {
  const notifier = new SystemdNotifier({ PATH: directory, NOTIFY_SOCKET: "/run/notify" });
  notifier.notify("READY=1");
  await expect.poll(() => notifier.isOn).toBe(false);
});

test("SystemdNotifier does nothing when nobody listens", () => {
  const { NOTIFY_SOCKET: _, ...env } = stand("systemd-notify");
  const notifier = new SystemdNotifier(env);
  expect(notifier.isOn).toBe(false);
  notifier.notify("READY=1");
  notifier.startWatchdog(() => true);
  notifier.close();
  expect(told()).toBe("");
});

test("the watchdog is fed twice in each period, while all is well", () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const notifier = new SystemdNotifier({ ...stand("systemd-notify"), WATCHDOG_USEC: "2000000" });
  const said = vi.spyOn(notifier, "notify").mockReturnValue();
  let isWell = true;
  notifier.startWatchdog(() => isWell);
  vi.advanceTimersByTime(2000);
  expect(said.mock.calls).toEqual([["WATCHDOG=1"], ["WATCHDOG=1"]]);
  isWell = false;
  vi.advanceTimersByTime(5000);
  expect(said).toHaveBeenCalledTimes(2);
  isWell = true;
  notifier.close();
  vi.advanceTimersByTime(5000);
  expect(said).toHaveBeenCalledTimes(2);
});

test("the watchdog of another process is not fed", () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const notifier = new SystemdNotifier({ ...stand("systemd-notify"), WATCHDOG_USEC: "2000000", WATCHDOG_PID: "1" });
  const said = vi.spyOn(notifier, "notify").mockReturnValue();
  notifier.startWatchdog(() => true);
  vi.advanceTimersByTime(10_000);
  expect(said).not.toHaveBeenCalled();
});
