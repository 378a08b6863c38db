// Stopping, as the clients see it: every request that the system had accepted is answered.
import { connect, type Socket } from "node:net";
import { existsSync } from "node:fs";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { LoadClient } from "./load-client.ts";
import { ask, children, descendants, pause, ServerProject, until } from "./server-project.ts";

const server = new ServerProject();
afterEach(() => server.clean());
afterAll(() => server.remove());

/** Sends one request at once on many connections, and says what came back on each. */
async function burst(to: number | string, count: number, target: string): Promise<Promise<string>[]> {
  const answers: Promise<string>[] = [];
  const connected: Promise<void>[] = [];
  for (let index = 0; index < count; index++) {
    const socket: Socket = typeof to === "number" ? connect(to, "127.0.0.1") : connect(to);
    connected.push(
      new Promise((resolve, reject) => {
        socket.once("connect", resolve);
        socket.once("error", reject);
      }),
    );
    answers.push(
      new Promise((resolve) => {
        let text = "";
        socket.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
        socket.on("error", (error) => (text += error.message));
        socket.on("close", () => resolve(text));
      }),
    );
    socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`);
  }
  await Promise.all(connected);
  return answers;
}

describe("SIGTERM", () => {
  test.each([
    ["TCP", null],
    ["a unix socket", "stop.sock"],
  ])("answers what waits in the listen queue: %s", async (_, path) => {
    const command = server.start(["-w", "2", ...(path === null ? [] : ["-b", `unix:${path}`])]);
    await command.saw("Listening at");
    const to = path === null ? await command.port() : server.project.path(path);
    // Both workers are busy, so that nothing is accepted while the queue fills.
    const busy = await burst(to, 2, "/block/700");
    await pause(150);
    const queued = await burst(to, 100, "/");
    const result = command.stop("SIGTERM");
    const answers = await Promise.all([...busy, ...queued]);
    expect(answers.filter((text) => !text.startsWith("HTTP/1.1 200 OK\r\n"))).toEqual([]);
    expect(await result).toMatchObject({ code: 0, signal: null });
    expect(existsSync(server.project.path("stop.sock"))).toBe(false);
  });

  test.each([
    ["keep-alive", true, []],
    ["Connection: close", false, []],
    ["Connection: close", false, ["--dispatch", "dispatch"]],
  ] as const)("under load breaks no request: %s %s %j", async (_, isKeepAlive, args) => {
    const command = server.start(["-w", "2", ...args]);
    const port = await command.port();
    const load = new LoadClient({ to: port, connections: 32, isKeepAlive, mayRefuse: true }).start();
    await until(() => load.answers > 100);
    const stopped = command.stop("SIGTERM");
    const report = await load.stop();
    expect(report.failures).toEqual([]);
    expect(report.answers).toBeGreaterThan(32);
    expect(await stopped).toMatchObject({ code: 0 });
  });

  test("with --lame-duck-seconds goes on accepting for a while", async () => {
    const command = server.start(["--lame-duck-seconds", "3"]);
    const port = await command.port();
    const stopped = command.stop("SIGTERM");
    await command.saw("Handling signal: term");
    await pause(400);
    expect(await ask(port, "/version")).toMatchObject({ status: 200 });
    expect(await stopped).toMatchObject({ code: 0 });
    await expect(ask(port)).rejects.toThrow("ECONNREFUSED");
  });

  test("while the application still loads ends at once", async () => {
    server.project.write(
      "slow.ts",
      'import { writeFileSync } from "node:fs"; writeFileSync("loading", ""); await new Promise(() => setInterval(() => {}, 1000));',
    );
    // Nothing else would end it.
    const command = server.run(["slow.ts", "-b", "127.0.0.1:0", "--boot-timeout", "0", "--graceful-timeout", "3600"]);
    await until(() => existsSync(server.project.path("loading")));
    expect(await command.stop("SIGTERM")).toMatchObject({ code: 0 });
  });
});

test("SIGINT gives answers in hand two seconds, not the graceful timeout", async () => {
  const command = server.start(["--graceful-timeout", "3600"]);
  const port = await command.port();
  const [never, quick] = [await server.hold(port), await server.hold(port)];
  const stopped = command.stop("SIGINT");
  await command.saw("Handling signal: int");
  quick.release();
  expect(await stopped).toMatchObject({ code: 0 });
  expect(await quick.answer).toMatchObject({ status: 200 });
  await expect(never.answer).rejects.toThrow(/socket hang up|ECONNRESET/);
});

test("SIGKILL of the arbiter ends the workers too, after what they have in hand", async () => {
  const command = server.start(["-w", "2"]);
  const port = await command.port();
  const workers = descendants(command.pid);
  expect(workers).toHaveLength(2);
  const held = await server.hold(port);
  command.signal("SIGKILL");
  await until(() => !existsSync(`/proc/${command.pid}`));
  await pause(300);
  held.release();
  expect(await held.answer).toMatchObject({ status: 200 });
  await until(() => workers.every((pid) => !existsSync(`/proc/${pid}`)));
  expect(children(command.pid)).toEqual([]);
});

test("closing the terminal of a command that starts leaves no process behind", async () => {
  const command = server.start(["-w", "4"]);
  await until(() => children(command.pid).length === 4);
  const workers = children(command.pid);
  await command.stop("SIGKILL");
  await until(() => workers.every((pid) => !existsSync(`/proc/${pid}`)));
  expect(children(command.pid)).toEqual([]);
});
