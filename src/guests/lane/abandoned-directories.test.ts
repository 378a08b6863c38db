// What is removed, and what is not.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { directoryPrefix, processName, removeAbandoned, SOCKET_NAME, STATUS_NAME } from "./abandoned-directories.ts";

let parent: string;
let servers: Server[] = [];
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "tsgi-parent-"));
});
afterEach(() => {
  for (const server of servers) server.close();
  servers = [];
  rmSync(parent, { recursive: true });
});

/** A process id that belongs to nobody any more. */
function goneId(): number {
  return spawnSync(process.execPath, ["--version"]).pid;
}

/** A directory with a socket on which a process listens, or has listened until it was killed. */
async function guestDirectory(name: string, isListening: boolean): Promise<string> {
  const directory = join(parent, name);
  mkdirSync(directory);
  writeFileSync(join(directory, STATUS_NAME), "");
  const path = join(directory, SOCKET_NAME);
  if (isListening) {
    const server = createServer().listen(path);
    servers.push(server);
    await new Promise((resolve) => server.once("listening", resolve));
  } else {
    const program = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 9))`;
    spawnSync(process.execPath, ["-e", program]);
  }
  return directory;
}

test("removeAbandoned removes the directory of a process that was killed, and no other", async () => {
  const abandoned = await guestDirectory(`tsgi-${goneId()}-aB3xYz`, false);
  const kept = [
    await guestDirectory(`${directoryPrefix()}aB3xYz`, false),
    await guestDirectory(`tsgi-${goneId()}-served`, true),
    await guestDirectory("tsgi-aB3xYz", false),
    await guestDirectory(`other-${goneId()}-aB3xYz`, false),
  ];
  removeAbandoned(parent);
  await expect.poll(() => existsSync(abandoned)).toBe(false);
  expect(kept.filter((directory) => !existsSync(directory))).toEqual([]);
});

test("removeAbandoned removes what guests have left that ended without a word", async () => {
  const directory = await guestDirectory(`tsgi-${goneId()}-aB3xYz`, false);
  rmSync(join(directory, SOCKET_NAME));
  for (const pid of [goneId(), goneId()]) writeFileSync(join(directory, processName(pid)), "");
  removeAbandoned(parent);
  await expect.poll(() => existsSync(directory)).toBe(false);
});

test("removeAbandoned removes a directory that has got no socket for long, and no new one", async () => {
  const [old, recent] = [join(parent, `tsgi-${goneId()}-aB3xYz`), join(parent, `tsgi-${goneId()}-recent`)];
  for (const directory of [old, recent]) {
    mkdirSync(directory);
    writeFileSync(join(directory, STATUS_NAME), "");
  }
  utimesSync(old, 0, 0);
  removeAbandoned(parent);
  await expect.poll(() => existsSync(old)).toBe(false);
  expect(existsSync(recent)).toBe(true);
});

test("removeAbandoned ends no process that does not use the status file", async () => {
  const directory = await guestDirectory(`tsgi-${goneId()}-aB3xYz`, false);
  const other = spawn("sleep", ["60"], { stdio: "ignore" });
  writeFileSync(join(directory, processName(other.pid ?? 0)), "");
  removeAbandoned(parent);
  await expect.poll(() => existsSync(directory)).toBe(false);
  other.kill("SIGTERM");
  await once(other, "exit");
  expect(other.signalCode).toBe("SIGTERM");
});

test("removeAbandoned leaves a directory that holds something else", async () => {
  const directory = await guestDirectory(`tsgi-${goneId()}-aB3xYz`, false);
  writeFileSync(join(directory, "precious"), "");
  removeAbandoned(parent);
  await expect.poll(() => existsSync(join(directory, SOCKET_NAME))).toBe(false);
  expect(existsSync(join(directory, "precious"))).toBe(true);
});

test("removeAbandoned ends a guest that cannot end by itself, and removes its directory", async () => {
  const directory = await guestDirectory(`tsgi-${goneId()}-aB3xYz`, false);
  const stuck = spawn("/bin/sh", ["-c", 'exec 9< "$1"; echo; kill -STOP $$', "sh", join(directory, STATUS_NAME)], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  await once(stuck.stdout, "data");
  writeFileSync(join(directory, processName(stuck.pid ?? 0)), "");
  const ended = once(stuck, "exit");
  removeAbandoned(parent);
  expect(await ended).toEqual([null, "SIGKILL"]);
  await expect.poll(() => existsSync(directory)).toBe(false);
});
