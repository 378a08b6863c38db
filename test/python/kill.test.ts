// Anything may be killed at any time: nothing hangs, nothing leaks, no answer goes to the wrong client.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { isAlive } from "../../src/server/arbiter/pid-file.ts";
import { Project } from "../cli-command.ts";
import { inFull } from "../in-full.ts";
import { seeded } from "../seeded.ts";
import { IDENTITY_APPLICATION, IdentityLoad } from "./identity-load.ts";
import { guestDirectories, killIfThere, processesOf } from "./processes-of.ts";
import { eventually, PYTHON, send, servePython } from "./serve-python.ts";

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
    if (victim !== undefined) killIfThere(victim.pid, signal);
  }
  const before = seen.get("200") ?? 0;
  await eventually(() => (seen.get("200") ?? 0) > before + 100, "answers after the last of them");
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
  const directory = /\S+\/tsgi-[\w-]+(?=\/status)/.exec(readFileSync(`/proc/${pids[0]}/maps`, "utf8"))?.[0] ?? "";
  expect(existsSync(directory)).toBe(true);
  host.kill("SIGKILL");
  await eventually(() => pids.every((pid) => !isAlive(pid)), "the end of the orphans");
  await eventually(() => !existsSync(directory), "their directory to go");
});

describe.each([
  { name: "two workers", options: ["-w", "2", "--guest-processes", "1"], sizes: { workers: 2, interpreters: 2 } },
  { name: "a worker in front of three interpreters", options: ["-w", "3"], sizes: { workers: 1, interpreters: 3 } },
])("the command with $name, under load", ({ options, sizes }) => {
  const CLIENTS = 16;

  async function serve() {
    const project = new Project({ "app.py": IDENTITY_APPLICATION });
    mkdirSync(project.path("tmp"));
    const command = project.start(
      ["app.py", "-b", "127.0.0.1:0", ...options, "--threads", "2", "-t", "2", "--python", PYTHON],
      { env: { TMPDIR: project.path("tmp") } },
    );
    onTestFinished(async () => {
      await command.stop("SIGKILL");
      project.remove();
    });
    const port = await command.port();
    const directories = new Set<string>();
    const look = () => {
      const found = processesOf(project.directory, command.pid);
      for (const directory of guestDirectories(found.interpreters)) directories.add(directory);
      return found;
    };
    const isWhole = (): boolean => {
      const { workers, interpreters } = look();
      return workers.length === sizes.workers && interpreters.length === sizes.interpreters;
    };
    await eventually(isWhole, "all processes");
    return { project, command, port, directories, look, isWhole };
  }

  test.each(inFull([1], [1, 2]))("interpreters and workers killed at random, seed %i", async (seed) => {
    const { project, command, port, directories, look, isWhole } = await serve();
    const load = new IdentityLoad(port, CLIENTS);
    const random = seeded(seed);
    const pick = <T>(choices: readonly T[]): T | undefined => choices[Math.floor(random() * choices.length)];
    const killed = { workers: 0, interpreters: 0 };
    // On a busy machine, what is to be killed may not be there again yet.
    for (let turns = 0; turns < 14 || killed.workers === 0 || killed.interpreters === 0; turns += 1) {
      await pause(300 + random() * 300);
      const kind = random() < 0.3 ? "workers" : "interpreters";
      const signal = kind === "workers" ? "SIGKILL" : pick(["SIGKILL", "SIGSEGV", "SIGABRT", "SIGKILL"] as const);
      const victim = pick(look()[kind]);
      if (victim === undefined || signal === undefined) continue;
      if (killIfThere(victim, signal)) killed[kind] += 1;
    }
    await eventually(isWhole, "all processes again");
    const before = load.answered;
    await eventually(() => load.answered > Math.max(before + 200, 300), "answers as before");
    const { counts, wrong } = await load.stop();
    expect(wrong).toEqual([]);
    expect(killed.workers).toBeGreaterThan(0);
    expect(killed.interpreters).toBeGreaterThan(0);
    expect([...counts.keys()].filter((status) => !["200", "502", "503", "504", "broken"].includes(status))).toEqual([]);
    expect(counts.get("200")).toBeGreaterThan(300);
    const used = new Set(guestDirectories(look().interpreters));
    await eventually(
      () => [...directories].every((name) => used.has(name) || !existsSync(name)),
      "old directories to go",
    );
    expect((await command.stop()).code).toBe(0);
    expect(look()).toEqual({ workers: [], interpreters: [] });
    expect([...directories].filter((name) => existsSync(name))).toEqual([]);
    // Node's own cache of compiled code is to stay.
    expect(readdirSync(project.path("tmp")).filter((name) => name !== "node-compile-cache")).toEqual([]);
  });

  test("the arbiter killed: everything ends, the port is free, nothing is left", async () => {
    const { command, port, directories, look } = await serve();
    const load = new IdentityLoad(port, CLIENTS);
    await eventually(() => load.answered > 300, "answers");
    command.signal("SIGKILL");
    await command.result;
    await eventually(() => {
      const { workers, interpreters } = look();
      return workers.length === 0 && interpreters.length === 0;
    }, "the end of workers and interpreters");
    const { counts, wrong } = await load.stop();
    expect(wrong).toEqual([]);
    expect([...counts.keys()].filter((status) => !["200", "502", "503", "504", "broken"].includes(status))).toEqual([]);
    await expect(send(port, "/whole?x")).rejects.toThrow("ECONNREFUSED");
    await eventually(() => [...directories].every((name) => !existsSync(name)), "the directories to go");
  });
});
