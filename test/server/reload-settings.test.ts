// What a reload makes of settings that concern the arbiter itself: it applies them, or says that it cannot.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, readFileSync, renameSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { afterAll, afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { Command } from "../cli-command.ts";
import { applicationSource, ask, ServerProject, until } from "./server-project.ts";

const server = new ServerProject();
beforeEach(() => server.deploy("one"));
afterEach(() => server.clean());
afterAll(() => server.remove());

function configure(settings: object): void {
  server.project.write("server.json", JSON.stringify({ target: "app.mjs", bind: ["127.0.0.1:0"], ...settings }));
}

/** Starts the server with these settings. */
async function start(settings: object): Promise<{ command: Command; port: number }> {
  configure(settings);
  const command = server.run(["-c", "server.json"]);
  return { command, port: await command.port() };
}

/** Lets the server reload with other settings. */
async function reload(command: Command, settings: object, generation = 2): Promise<void> {
  configure(settings);
  command.signal("SIGHUP");
  await command.saw(`Reloaded: generation ${generation}`);
}

async function statsPort(command: Command, times = 1): Promise<number> {
  await command.saw("Statistics at", times);
  return Number(/[^]*Statistics at: 127\.0\.0\.1:(\d+)/.exec(command.stderr)?.[1]);
}

describe("A reload applies", () => {
  test("stats: the new address answers, the old one no longer", async () => {
    const { command } = await start({ stats: "127.0.0.1:0" });
    const before = await statsPort(command);
    const path = server.project.path("stats.sock");
    await reload(command, { stats: `unix:${path}` });
    await expect.poll(() => ask(path, "/metrics")).toMatchObject({ status: 200 });
    await expect(ask(before, "/metrics")).rejects.toThrow("ECONNREFUSED");
    await reload(command, {}, 3);
    await until(() => !existsSync(path));
    await reload(command, { stats: "127.0.0.1:0" }, 4);
    expect(await ask(await statsPort(command, 3), "/stats")).toMatchObject({ status: 200 });
  });

  test("controlSocket, also when the reload is asked for through the old one, which brings the answer", async () => {
    const { command } = await start({ controlSocket: "old.sock" });
    await command.saw("Control socket at");
    configure({ controlSocket: "new.sock", keepAlive: 7 });
    expect(await server.project.run(["reload", "--wait", "-s", "old.sock"])).toMatchObject({ code: 0, stderr: "" });
    const shown = await server.project.run(["ctl", "-s", "new.sock", "show", "config"]);
    expect(shown.code).toBe(0);
    expect(shown.stdout).toMatch(/keepAlive\W+7/);
    await until(() => !existsSync(server.project.path("old.sock")));
  });

  test("statsdHost and statsdPrefix: each request is counted once", async () => {
    const heard: string[] = [];
    const statsd = createSocket("udp4", (packet) => heard.push(...packet.toString("latin1").split("\n")));
    onTestFinished(() => void statsd.close());
    statsd.bind(0, "127.0.0.1");
    await once(statsd, "listening");
    const counted = (prefix: string): number => {
      const counts = heard.flatMap((line) => (line.startsWith(`${prefix}.requests:`) ? [line.split(/[:|]/)[1]] : []));
      return counts.reduce((sum, count) => sum + Number(count), 0);
    };
    const statsdHost = `127.0.0.1:${statsd.address().port}`;
    const { command, port } = await start({});
    for (let index = 0; index < 3; index++) await ask(port);
    await reload(command, { statsdHost, statsdPrefix: "first" });
    for (let index = 0; index < 4; index++) await ask(port);
    await expect.poll(() => counted("first"), { timeout: 5000 }).toBeGreaterThanOrEqual(4);
    await reload(command, { statsdHost, statsdPrefix: "second" }, 3);
    for (let index = 0; index < 5; index++) await ask(port);
    await command.stop();
    // The worker of the first generation tells its last counts when it ends, which may be after the first reporter began.
    expect(counted("first") + counted("second")).toBeGreaterThanOrEqual(9);
    expect(counted("first") + counted("second")).toBeLessThanOrEqual(12);
    expect(counted("second")).toBeGreaterThanOrEqual(5);
  });

  test("pid: the file is written under the new name, and the old one removed", async () => {
    const [old, fresh] = [server.project.path("old.pid"), server.project.path("new.pid")];
    const { command } = await start({ pid: old });
    await reload(command, { pid: fresh });
    expect(Number(readFileSync(fresh, "utf8"))).toBe(command.pid);
    expect(existsSync(old)).toBe(false);
    await command.stop();
    expect(existsSync(fresh)).toBe(false);
  });

  test("errorLogfile and logLevel, for the arbiter too", async () => {
    const path = server.project.path("error.log");
    const { command } = await start({});
    configure({ errorLogfile: path, logLevel: "warning" });
    command.signal("SIGHUP");
    await until(() => existsSync(path));
    command.signal("SIGTTIN");
    const warning = "This reload cannot change dispatch";
    configure({ errorLogfile: path, logLevel: "warning", dispatch: "dispatch" });
    await until(() => {
      command.signal("SIGHUP");
      return readFileSync(path, "utf8").includes(warning);
    });
    expect(readFileSync(path, "utf8")).not.toContain("[INFO]");
    expect(command.stderr).not.toContain(warning);
  });

  test("chdir: a symbolic link that has been changed is followed", async () => {
    for (const version of ["a", "b"]) server.project.write(`release-${version}/app.mjs`, applicationSource(version));
    symlinkSync("release-a", server.project.path("current"));
    const { command, port } = await start({ chdir: "current" });
    expect(await ask(port, "/version")).toMatchObject({ body: "a" });
    symlinkSync("release-b", server.project.path("next"));
    renameSync(server.project.path("next"), server.project.path("current"));
    await reload(command, { chdir: "current" });
    expect(await ask(port, "/version")).toMatchObject({ body: "b" });
  });
});

describe("A reload that cannot open what the configuration asks for changes nothing:", () => {
  test.each([
    ["an address that is taken", "stats", /Cannot listen at 127\.0\.0\.1:\d+: the address is in use/],
    ["a directory that is not there", "chdir", /Cannot change to the directory ".*nowhere\/at\.all" \(--chdir\)/],
    ["a log that cannot be opened", "errorLogfile", /Reload failed, generation 1 keeps serving: .*nowhere/],
  ])("%s", async (_, name, message) => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    onTestFinished(() => void taken.close());
    const { port: number } = taken.address() as { port: number };
    const value = name === "stats" ? `127.0.0.1:${number}` : server.project.path("nowhere/at.all");
    const [old, fresh] = [server.project.path("old.pid"), server.project.path("new.pid")];
    const { command, port } = await start({ stats: "127.0.0.1:0", pid: old });
    const stats = await statsPort(command);
    configure({ stats: "127.0.0.1:0", pid: fresh, bind: ["127.0.0.1:0", "unix:second.sock"], [name]: value });
    command.signal("SIGHUP");
    await command.saw("Reload failed, generation 1 keeps serving");
    expect(command.stderr).toMatch(message);
    expect(await ask(stats, "/readyz")).toMatchObject({ status: 200 });
    expect(await ask(port, "/version")).toMatchObject({ body: "one" });
    expect([old, fresh, server.project.path("second.sock")].map((path) => existsSync(path))).toEqual([
      true,
      false,
      false,
    ]);
  });

  test("code that does not load", async () => {
    const { command, port } = await start({ stats: "127.0.0.1:0" });
    const stats = await statsPort(command);
    server.deployBroken("throw new Error('no');");
    configure({ stats: `unix:${server.project.path("other.sock")}` });
    command.signal("SIGHUP");
    await command.saw("Reload failed, generation 1 keeps serving");
    expect(await ask(stats, "/readyz")).toMatchObject({ status: 200 });
    expect(await ask(port, "/version")).toMatchObject({ body: "one" });
    await until(() => !existsSync(server.project.path("other.sock")));
  });
});

describe("A reload keeps what it cannot change, and says so:", () => {
  test.each([
    ["dispatch", {}, { dispatch: "dispatch" }, /cannot change dispatch: it stays "shared" .* says "dispatch"/],
    ["dispatch", { dispatch: "dispatch" }, { dispatch: "shared" }, /cannot change dispatch: it stays "dispatch"/],
    ["daemon", {}, { daemon: true }, /cannot change daemon: it stays false until the server is started again/],
    ["reload", {}, { reload: true }, /cannot change reload: it stays false/],
  ])("%s, from %j to %j", async (_, before, after, message) => {
    const { command, port } = await start(before);
    server.deploy("two");
    await reload(command, { ...after, keepAlive: 3 });
    expect(command.stderr).toMatch(message);
    expect(await ask(port, "/version")).toMatchObject({ body: "two" });
    expect(await command.stop()).toMatchObject({ code: 0 });
  });
});
