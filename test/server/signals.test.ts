// The signals of the arbiter that neither reload nor stop, and what happens when workers end by themselves.
import { existsSync, readFileSync } from "node:fs";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { BESIDE_STARTS_MILLISECONDS, LoadClient } from "./load-client.ts";
import { ask, children, kill, pause, ServerProject, until } from "./server-project.ts";

const server = new ServerProject();
beforeEach(() => server.deploy("one"));
afterEach(() => server.clean());
afterAll(() => server.remove());

describe("TTIN and TTOU", () => {
  test("add and remove workers, start before stop, never below one", async () => {
    const command = server.start(["-w", "1"]);
    const port = await command.port();
    const load = new LoadClient({
      to: port,
      connections: 8,
      isKeepAlive: true,
      pauseMilliseconds: BESIDE_STARTS_MILLISECONDS,
    }).start();
    command.signal("SIGTTIN");
    await until(() => children(command.pid).length === 2);
    await command.saw("Worker 2 serves");
    command.signal("SIGTTOU");
    await until(() => children(command.pid).length === 1);
    command.signal("SIGTTOU");
    await command.saw("Handling signal: ttou", 2);
    await pause(200);
    expect(children(command.pid)).toHaveLength(1);
    expect((await load.stop()).failures).toEqual([]);
  });
});

describe("A worker that ends by itself", () => {
  test("is replaced: by an exit of the application, and by SIGKILL", async () => {
    const command = server.start(["-w", "1"]);
    const port = await command.port();
    await expect(ask(port, "/exit")).rejects.toThrow(/socket hang up|ECONNRESET/);
    await command.saw("ended with exit code 7");
    await command.saw("Worker 2 serves");
    kill(children(command.pid)[0] ?? 0, "SIGKILL");
    await command.saw("ended with signal SIGKILL");
    // The queue is kept meanwhile: the request waits for the next worker.
    expect(await ask(port, "/version")).toMatchObject({ body: "one" });
  });

  test("after an uncaught exception answers what it has in hand before it goes", async () => {
    const command = server.start(["-w", "1"]);
    const port = await command.port();
    const slow = ask(port, "/sleep/800");
    await pause(100);
    expect(await ask(port, "/throw-later")).toMatchObject({ status: 200 });
    await command.saw("Uncaught exception; the worker will be replaced: Error: thrown later");
    expect(await slow).toMatchObject({ status: 200 });
    await command.saw("Worker 2 serves");
    expect(await ask(port, "/version")).toMatchObject({ status: 200 });
  });

  test("again and again is replaced more and more slowly, and the server neither spins nor ends", async () => {
    const command = server.start(["-w", "1"]);
    await command.port();
    server.deployBroken("process.exit(9);");
    kill(children(command.pid)[0] ?? 0, "SIGKILL");
    await command.saw("ended with exit code 9", 4);
    expect(command.stderr).toContain("the next one starts in 0.4 s");
    server.deploy("two");
    await command.saw("serves");
    expect(await command.stop()).toMatchObject({ code: 0 });
  });

  test("at SIGTERM, sent to the worker alone, is replaced first", async () => {
    const command = server.start(["-w", "1"]);
    const port = await command.port();
    const load = new LoadClient({
      to: port,
      connections: 4,
      isKeepAlive: false,
      pauseMilliseconds: BESIDE_STARTS_MILLISECONDS,
    }).start();
    const [worker = 0] = children(command.pid);
    kill(worker, "SIGTERM");
    await command.saw("will be replaced: signal");
    await until(() => !existsSync(`/proc/${worker}`));
    expect((await load.stop()).failures).toEqual([]);
  });
});

describe("Recycling", () => {
  test.each([
    ["requests", ["--max-requests", "200", "--max-requests-jitter", "50"], "/", "max-requests"],
    ["age", ["--max-worker-age", "1"], "/", "age"],
    ["memory", ["--max-worker-memory", "300M"], "/hoard/1", "memory"],
  ])("by %s loses nothing", async (_, args, target, reason) => {
    const command = server.start(["-w", "2", ...args]);
    const port = await command.port();
    const pauseMilliseconds = target === "/" ? BESIDE_STARTS_MILLISECONDS : 20;
    const load = new LoadClient({ to: port, connections: 4, isKeepAlive: true, target, pauseMilliseconds }).start();
    await command.saw(`will be replaced: ${reason}`, 2);
    await command.saw("serves", 2);
    await pause(200);
    const report = await load.stop();
    expect(report.failures).toEqual([]);
    expect(report.statuses).toEqual({ 200: report.answers });
  });
});

describe("USR2", () => {
  test("starts a new arbiter on the same sockets; it takes over when the old one is stopped", async () => {
    const pidFile = server.project.path("server.pid");
    const command = server.start(["-w", "2", "-p", pidFile]);
    const port = await command.port();
    const load = new LoadClient({
      to: port,
      connections: 8,
      isKeepAlive: false,
      target: "/version",
      pauseMilliseconds: BESIDE_STARTS_MILLISECONDS,
    }).start();
    server.deploy("two");
    command.signal("SIGUSR2");
    await command.saw("Listening at", 2);
    const successor = Number(readFileSync(`${pidFile}.2`, "utf8"));
    expect(successor).not.toBe(command.pid);
    command.signal("SIGTERM");
    try {
      await until(() => readPid(pidFile) === successor);
      expect(existsSync(`${pidFile}.2`)).toBe(false);
      await pause(200);
      const report = await load.stop();
      expect(report.failures).toEqual([]);
      expect([...report.bodies.keys()].toSorted()).toEqual(["one", "two"]);
      expect(await ask(port, "/version")).toMatchObject({ body: "two" });
    } finally {
      kill(successor, "SIGTERM");
      await until(() => !existsSync(`/proc/${successor}`));
    }
  });

  test("can be taken back: the new arbiter is stopped, and the old one goes on", async () => {
    const pidFile = server.project.path("back.pid");
    const socket = server.project.path("back.sock");
    const command = server.start(["-p", pidFile, "-b", `unix:${socket}`]);
    await command.saw("Listening at");
    const load = new LoadClient({
      to: socket,
      connections: 8,
      isKeepAlive: false,
      pauseMilliseconds: BESIDE_STARTS_MILLISECONDS,
    }).start();
    command.signal("SIGUSR2");
    await command.saw("Listening at", 2);
    kill(Number(readFileSync(`${pidFile}.2`, "utf8")), "SIGTERM");
    await command.saw("The new arbiter has ended");
    await pause(200);
    expect((await load.stop()).failures).toEqual([]);
    expect(existsSync(`${pidFile}.2`)).toBe(false);
    expect(await ask(socket, "/version")).toMatchObject({ status: 200 });
    expect(await command.stop()).toMatchObject({ code: 0 });
    expect(existsSync(pidFile)).toBe(false);
  });

  test("with code that does not load changes nothing", async () => {
    const command = server.start();
    const port = await command.port();
    server.deployBroken("throw new Error('no upgrade');");
    command.signal("SIGUSR2");
    await command.saw("The new arbiter has ended (exit code 4)");
    expect(command.stderr).toContain("threw while loading: Error: no upgrade");
    expect(await ask(port, "/version")).toMatchObject({ body: "one" });
  });
});

function readPid(path: string): number {
  return existsSync(path) ? Number(readFileSync(path, "utf8")) : 0;
}
