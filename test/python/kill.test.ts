// Anything may be killed at any time: nothing hangs, nothing leaks, no answer goes to the wrong client.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { eventually, send, servePython } from "./serve-python.ts";

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

test.each([
  { name: "spawned", options: { processes: 2, threads: 2 } },
  { name: "forked", options: { processes: 2, threads: 2, preload: true } },
])("Python processes killed at random under load, $name", async ({ options }) => {
  const served = await servePython({ target: "torture:application", deadlineSeconds: 1, ...options });
  const load = { isOn: true };
  const seen = new Map<string, number>();
  const wrong: string[] = [];
  const clients = Array.from({ length: 8 }, async (_, client) => {
    for (let count = 0; load.isOn; count += 1) {
      const word = `c${client}n${count}`;
      try {
        const { status, text } = await send(served.port, `/sleep?seconds=0.001&say=${word}`);
        seen.set(String(status), (seen.get(String(status)) ?? 0) + 1);
        if (status === 200 && text !== word) wrong.push(`${word}: ${text}`);
      } catch {
        seen.set("broken", (seen.get("broken") ?? 0) + 1);
      }
    }
  });
  const signals = ["SIGKILL", "SIGSEGV", "SIGTERM", "SIGSTOP", "SIGABRT", "SIGKILL", "SIGKILL", "SIGSEGV"] as const;
  for (const [index, signal] of signals.entries()) {
    await pause(200);
    const processes = served.guest.stats().processes.filter(({ pid, state }) => pid > 0 && state === "ready");
    const victim = processes[index % Math.max(1, processes.length)];
    if (victim !== undefined) process.kill(victim.pid, signal);
  }
  await pause(2500);
  load.isOn = false;
  await Promise.all(clients);
  expect(wrong).toEqual([]);
  expect([...seen.keys()].filter((status) => !["200", "502", "503", "504"].includes(status))).toEqual([]);
  expect(seen.get("200")).toBeGreaterThan(100);
  await eventually(
    () => served.guest.stats().processes.filter(({ state }) => state === "ready").length === 2,
    "two processes",
  );
  expect(served.guest.stats()).toMatchObject({ queued: 0 });
  await served.close();
});

test("when the host is killed, its Python processes end, and clear up after it", async () => {
  const file = fileURLToPath(new URL("orphan-host.ts", import.meta.url));
  const host = spawn(process.execPath, ["--import", "jiti/register", file], { stdio: ["ignore", "pipe", "inherit"] });
  const [output] = (await once(host.stdout, "data")) as [Buffer];
  const pids = JSON.parse(output.toString()) as number[];
  expect(pids).toHaveLength(2);
  const directory = /\S+\/tsgi-\w+(?=\/status)/.exec(readFileSync(`/proc/${pids[0]}/maps`, "utf8"))?.[0] ?? "";
  expect(existsSync(directory)).toBe(true);
  host.kill("SIGKILL");
  await eventually(() => pids.every((pid) => !isAlive(pid)), "the end of the orphans");
  await eventually(() => !existsSync(directory), "their directory to go");
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
