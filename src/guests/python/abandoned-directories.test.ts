// What is removed, and what is not.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { directoryPrefix, removeAbandoned, SOCKET_NAME, STATUS_NAME } from "./abandoned-directories.ts";

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

test("removeAbandoned leaves a directory that holds something else", async () => {
  const directory = await guestDirectory(`tsgi-${goneId()}-aB3xYz`, false);
  writeFileSync(join(directory, "precious"), "");
  removeAbandoned(parent);
  await expect.poll(() => existsSync(join(directory, SOCKET_NAME))).toBe(false);
  expect(existsSync(join(directory, "precious"))).toBe(true);
});
