// The examples of gateways in process, each by the runtime that it is for.
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, expect, test } from "vitest";

import { Project } from "../cli-command.ts";
import { freePort } from "../free-port.ts";
import { isOpen } from "../is-open.ts";
import { runtime } from "../needs.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const project = new Project({ "package.json": '{"type":"module"}' });
cpSync(join(ROOT, "examples/gateways"), project.directory, { recursive: true });
symlinkSync(join(ROOT, "node_modules/express"), project.path("node_modules/express"));

let child: ChildProcess | null = null;
afterEach(async () => {
  const running = child;
  // Where a runtime is missing, the next test starts none.
  child = null;
  if (running === null || running.exitCode !== null) return;
  const ended = new Promise((resolve) => running.once("close", resolve));
  running.kill("SIGKILL");
  await ended;
});
afterAll(() => project.remove());

const DENO = ["run", "--no-prompt", "--allow-net", "--allow-env", "--allow-read"];

test.each<[name: string, program: string | undefined, args: readonly string[], scriptName: string]>([
  ["node-http.mjs", process.execPath, [], ""],
  ["express.mjs", process.execPath, [], "/shop"],
  ["bun.mjs", runtime("bun"), [], "/shop"],
  ["deno.mjs", runtime("deno"), DENO, "/shop"],
])("examples/gateways/%s serves", async (name, program, args, scriptName) => {
  if (program === undefined) return;
  const port = await freePort();
  let complaints = "";
  child = spawn(program, [...args, name], {
    cwd: project.directory,
    env: { ...process.env, PORT: String(port), DENO_NO_UPDATE_CHECK: "1" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (complaints += text));
  while (!(await isOpen(port))) {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}: ${complaints}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
  const url = `http://127.0.0.1:${port}${scriptName}/a%20b`;
  expect(await (await fetch(url)).text(), complaints).toBe(`GET ${scriptName}|/a b: 0 bytes\n`);
  const large = await fetch(url, { method: "POST", body: "x".repeat(300_000) });
  expect(await large.text()).toBe(`POST ${scriptName}|/a b: 300000 bytes\n`);
});
