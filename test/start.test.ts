// `npm start` as a newcomer runs it, in a project that is installed and built.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";

import { afterEach, describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const started: ChildProcess[] = [];

function npmStart(...args: string[]): { child: ChildProcess; log: () => string } {
  const child = spawn("npm", ["start", "--silent", "--", ...args], { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  started.push(child);
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      log += chunk.toString();
    });
  }
  return { child, log: () => log };
}

afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode === null && child.signalCode === null && child.kill("SIGTERM")) await once(child, "close");
  }
});

describe("npm start", () => {
  test("serves an example until a signal ends it", async () => {
    const { child, log } = npmStart("--bind", "127.0.0.1:0");
    const url = await new Promise<string>((resolve, reject) => {
      child.stderr?.on("data", () => {
        const announced = /http:\/\/127\.0\.0\.1:\d+/.exec(log());
        if (announced !== null) resolve(announced[0]);
      });
      child.on("close", () => reject(new Error(`npm start ended: ${log()}`)));
    });
    const response = await fetch(url);
    expect(response.status).toBe(200);
    expect((await response.text()).toLowerCase()).toContain("hello");

    child.kill("SIGTERM");
    expect(await once(child, "close")).toEqual([0, null]);
    await expect(fetch(url)).rejects.toThrow("fetch failed");
  });

  test("says that the port is taken", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo; // it listens on TCP
    const { child, log } = npmStart("--bind", `127.0.0.1:${port}`);
    const [code] = await once(child, "close");
    taken.close();
    expect(code).not.toBe(0);
    expect(log()).toContain(String(port));
    expect(log()).toMatch(/in use/i);
    expect(log()).not.toMatch(/^ {4}at /m);
  });
});
