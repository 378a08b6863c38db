import { once } from "node:events";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openListeners } from "../sockets/listeners.ts";
import { isUpgrade, startSuccessor, takeInheritance } from "./upgrade.ts";

test("takeInheritance gives the sockets and the arbiter that they are from, and takes both out of the environment", () => {
  const sockets = [{ bind: "127.0.0.1:8000", fd: 3 }];
  const env = { TSGI_INHERITED_SOCKETS: JSON.stringify(sockets), TSGI_UPGRADE_FROM: "17", OTHER: "stays" };
  expect(isUpgrade(env)).toBe(true);
  expect(takeInheritance(env)).toEqual({ sockets, from: 17 });
  expect(env).toEqual({ OTHER: "stays" });
  expect(isUpgrade(env)).toBe(false);
});

test.each([
  ["nothing", {}],
  ["sockets of nobody", { TSGI_INHERITED_SOCKETS: "[]" }],
  ["an arbiter without sockets", { TSGI_UPGRADE_FROM: "17" }],
])("takeInheritance finds none in an environment with %s", (_, variables) => {
  const env: NodeJS.ProcessEnv = { ...variables };
  expect(takeInheritance(env)).toEqual({ sockets: [], from: null });
  expect(env).toEqual({});
});

/** Answers on the sockets that it inherits with what it knows. */
const SUCCESSOR = `
import { createServer } from "node:net";
const { TSGI_INHERITED_SOCKETS: sockets, TSGI_UPGRADE_FROM: from } = process.env;
const word = process.argv[2];
for (const { bind, fd } of JSON.parse(sockets)) {
  createServer((socket) => socket.end(JSON.stringify({ bind, from, word, directory: process.cwd() }))).listen({ fd });
}
`;

test("a successor runs the same command in the same directory, and accepts on the sockets of its parent", async () => {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "tsgi-upgrade-")));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(join(directory, "successor.mjs"), SUCCESSOR);
  const listeners = await openListeners(["127.0.0.1:0", `unix:${join(directory, "site.sock")}`]);
  const child = startSuccessor(["successor.mjs", "word"], directory, listeners);
  onTestFinished(async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    for (const listener of listeners) listener.close();
  });
  for (const { bind, address } of listeners) {
    const where =
      address.kind === "tcp" ? { port: address.port, host: "127.0.0.1" } : { path: join(directory, "site.sock") };
    await expect.poll(() => ask(where)).toEqual({ bind, from: String(process.pid), word: "word", directory });
  }
});

async function ask(where: { port: number; host: string } | { path: string }): Promise<unknown> {
  const socket = connect(where).setEncoding("utf8");
  const text: string[] = [];
  socket.on("data", (data: string) => text.push(data));
  await once(socket, "close");
  return JSON.parse(text.join("")) as unknown;
}
