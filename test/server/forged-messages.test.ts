// What an application sends through the channel to its parent process is its own affair: the server neither ends nor believes it.
import { readdirSync } from "node:fs";
import { afterAll, afterEach, expect, test } from "vitest";
import { ask, children, ServerProject, until } from "./server-project.ts";

/** Each of them ended the arbiter, or changed what it believed of the worker. */
const FORGED: readonly unknown[] = [
  "ready",
  { type: "ready" },
  { type: "ready", pid: 1, bootSeconds: 0, files: null },
  { type: "heartbeat" },
  { type: "heartbeat", stats: null },
  { type: "retire" },
  { type: "retire", reason: "constructor" },
  { type: "released" },
  { type: "released", count: 1e9 },
  { type: "listeners-closed" },
  { type: "boot-failed" },
  { type: "timed-out" },
  { type: "serving" },
  { type: "drained" },
  { type: "__proto__" },
  { cmd: "NODE_HANDLE_ACK" },
  { cmd: "NODE_HANDLE_NACK" },
];

const application = (version: string): string => `
  import { createServer } from "node:net";
  const forged = ${JSON.stringify(FORGED)};
  function forge() {
    return Promise.all(forged.map((message) => new Promise((sent) => process.send(message, sent))));
  }
  await forge();
  export const application = async (environ, startResponse) => {
    if (environ.PATH_INFO === "/forge") await forge();
    if (environ.PATH_INFO === "/handle") {
      const server = createServer().listen(0, "127.0.0.1");
      await new Promise((listening) => server.once("listening", listening));
      await new Promise((sent) => process.send({ type: "here" }, server, {}, sent));
      server.close();
    }
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return [Buffer.from(${JSON.stringify(version)} + " " + process.pid)];
  };
`;

const server = new ServerProject({ "app.mjs": application("one") });
afterEach(() => server.clean());
afterAll(() => server.remove());

test.each(["shared", "dispatch"])("messages of the application do not reach the arbiter (%s)", async (dispatch) => {
  server.project.write("app.mjs", application("one"));
  const command = server.start(["-w", "2", "--dispatch", dispatch]);
  const port = await command.port();
  const [workers] = [children(command.pid)];
  for (let round = 0; round < 5; round += 1) expect(await ask(port, "/forge")).toMatchObject({ status: 200 });
  // A whole round trip to the workers and back, which the forged messages came before.
  server.project.write("app.mjs", application("two"));
  expect(children(command.pid)).toEqual(workers);
  process.kill(command.pid, "SIGHUP");
  await until(async () => (await ask(port)).body.startsWith("two"));
  await command.saw("generation 2 serves");
  expect(await ask(port, "/forge")).toMatchObject({ status: 200 });
  expect(await command.stop()).toMatchObject({ code: 0 });
});

test.runIf(process.platform === "linux")("a handle that the application sends is closed", async () => {
  server.project.write("app.mjs", application("one"));
  const command = server.start();
  const port = await command.port();
  const open = (): number => readdirSync(`/proc/${command.pid}/fd`).length;
  await ask(port, "/handle");
  const before = open();
  for (let round = 0; round < 10; round += 1) await ask(port, "/handle");
  await expect.poll(open).toBeLessThanOrEqual(before);
});
