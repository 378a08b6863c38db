import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { endGroup } from "./end-group.ts";

/** A shell that leads a group, and has ended, leaving behind what it has started. */
async function groupOf(script: string): Promise<number> {
  const child = spawn("/bin/sh", ["-c", script], { detached: true, stdio: ["ignore", "pipe", "ignore"] });
  const pid = child.pid ?? 0;
  onTestFinished(() => void signal(pid, "SIGKILL"));
  await once(child.stdout, "data");
  await once(child, "exit");
  return pid;
}

function signal(group: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, name);
  } catch {
    return false;
  }
}

test("endGroup asks what a program has left behind to end", async () => {
  const group = await groupOf("sleep 600 & echo");
  expect(signal(group, 0)).toBe(true);
  await endGroup(group);
  await expect.poll(() => signal(group, 0)).toBe(false);
});

test("endGroup kills what does not listen", async () => {
  const group = await groupOf("(trap '' TERM; echo; exec sleep 600) & sleep 0.2");
  await endGroup(group);
  await expect.poll(() => signal(group, 0)).toBe(false);
});

test("endGroup is done at once where nothing is left", async () => {
  await expect(endGroup(await groupOf("echo"))).resolves.toBeUndefined();
});
