// Reloads under load, as the clients see them.
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { existsSync } from "node:fs";
import { BESIDE_STARTS_MILLISECONDS, LoadClient, type LoadOptions } from "./load-client.ts";
import { ask, children, kill, pause, ServerProject, until } from "./server-project.ts";

const server = new ServerProject();
beforeEach(() => server.deploy("one"));
afterEach(() => server.clean());
afterAll(() => server.remove());

function loadOf(options: LoadOptions): LoadClient {
  return new LoadClient({ pauseMilliseconds: BESIDE_STARTS_MILLISECONDS, ...options }).start();
}

const LOADS = [
  ["keep-alive", true],
  ["Connection: close", false],
] as const;

describe("HUP replaces the code", () => {
  test.each(LOADS)("and no client notices: %s", async (_, isKeepAlive) => {
    const command = server.start(["-w", "2"]);
    const port = await command.port();
    const load = loadOf({ to: port, connections: 8, isKeepAlive, target: "/version" });
    for (const [round, version] of ["two", "three", "four"].entries()) {
      server.deploy(version);
      command.signal("SIGHUP");
      await command.saw("Reloaded: generation", round + 1);
    }
    await pause(300);
    const report = await load.stop();
    expect(report.failures).toEqual([]);
    expect(report.statuses).toEqual({ 200: report.answers });
    expect([...report.bodies.keys()].toSorted()).toEqual(["four", "one", "three", "two"]);
    expect(await ask(port, "/version")).toMatchObject({ body: "four" });
  });

  test("also when a worker is killed beside it: only what it had in hand fails", async () => {
    const command = server.start(["-w", "2"]);
    const port = await command.port();
    await command.saw("Listening at");
    const load = loadOf({ to: port, connections: 4, isKeepAlive: true });
    await until(() => load.answers > 100);
    const [victim = 0] = children(command.pid);
    kill(victim, "SIGKILL");
    command.signal("SIGHUP");
    await command.saw("Reloaded: generation");
    const failedByThen = load.failures.length;
    await pause(300);
    const { failures, answers } = await load.stop();
    expect(answers).toBeGreaterThan(0);
    expect(failures.length).toBeLessThanOrEqual(4);
    expect(failures.length).toBe(failedByThen);
    for (const { reason } of failures) expect(reason).toMatch(/ (?:before|within) the answer$/);
    expect(command.stderr).toContain("ended with signal SIGKILL");
  });

  test("slowly: while an application loads, the old one answers", async () => {
    const command = server.start(["-w", "1"]);
    const port = await command.port();
    const load = loadOf({ to: port, connections: 4, isKeepAlive: false, target: "/version" });
    server.deploy(
      "slow",
      `writeFileSync("loading", "");
       while (!existsSync("loaded")) await new Promise((resolve) => setTimeout(resolve, 5));`,
    );
    command.signal("SIGHUP");
    await until(() => existsSync(server.project.path("loading")));
    const before = load.answers;
    await until(() => load.answers > before + 500);
    server.project.write("loaded", "");
    await command.saw("Reloaded: generation 2");
    await pause(200);
    const report = await load.stop();
    expect(report.failures).toEqual([]);
    expect(report.bodies.has("slow")).toBe(true);
  });
});

describe("HUP with code that does not come up leaves the old code serving, and says why:", () => {
  test.each([
    ["a syntax error", "const = 1;", [], /Syntax error in .*app\.mjs:1/],
    ["an exception at load", "throw new Error('at load');", [], /threw while loading: Error: at load/],
    ["an exit at load", "process.exit(5);", [], /A worker ended with exit code 5 while it loaded/],
    [
      "a load that hangs",
      "await new Promise(() => setInterval(() => {}, 1000));",
      [],
      /did not load the application within 2 seconds/,
    ],
    ["a load that spins", "for (;;);", [], /did not load the application within 2 seconds/],
    ["no application", "export const nothing = 1;", [], /exports no "application"/],
    [
      "a death soon after the load",
      "setTimeout(() => process.exit(6), 100); export const application = () => [];",
      ["--stable-seconds", "1"],
      /A worker ended with exit code 6 after it had loaded/,
    ],
  ])("%s", async (_, text, args, message) => {
    server.project.write("server.json", "{}");
    const command = server.start(["-w", "2", "-c", "server.json", ...args]);
    const port = await command.port();
    const before = children(command.pid);
    const load = loadOf({ to: port, connections: 4, isKeepAlive: false, target: "/version" });
    server.deployBroken(text);
    // Too short for code that loads: on a busy machine that takes longer.
    if (message.source.includes("within 2 seconds")) server.project.write("server.json", '{ "bootTimeout": 2 }');
    command.signal("SIGHUP");
    await command.saw("Reload failed, generation 1 keeps serving");
    await pause(100);
    const report = await load.stop();
    expect(report.failures).toEqual([]);
    expect([...report.bodies.keys()]).toEqual(["one"]);
    expect(command.stderr).toMatch(message);
    expect(children(command.pid)).toEqual(before);
    server.deploy("mended");
    server.project.write("server.json", "{}");
    command.signal("SIGHUP");
    await command.saw("Reloaded: generation 2");
    expect(await ask(port, "/version")).toMatchObject({ body: "mended" });
  });

  test("a warm-up request that fails", async () => {
    const command = server.start(["--warmup", "/version"]);
    const port = await command.port();
    server.deployBroken("export const application = () => { throw new Error('not warm'); };");
    command.signal("SIGHUP");
    await command.saw("The warm-up request /version failed: Error: not warm");
    expect(await ask(port, "/version")).toMatchObject({ body: "one" });
  });
});

test("HUP reads the configuration again: bind and the number of workers change, what stays is not touched", async () => {
  const config = (bind: string[], workers: number): void =>
    server.project.write("server.json", JSON.stringify({ bind, workers, target: "app.mjs" }));
  const socket = server.project.path("second.sock");
  config(["127.0.0.1:0"], 1);
  const command = server.run(["-c", "server.json"]);
  const port = await command.port();
  config(["127.0.0.1:0", `unix:${socket}`], 2);
  const load = loadOf({ to: port, connections: 4, isKeepAlive: true });
  command.signal("SIGHUP");
  await command.saw("Reloaded: generation 2");
  expect(await ask(socket, "/version")).toMatchObject({ body: "one" });
  config([`unix:${socket}`], 1);
  command.signal("SIGHUP");
  await command.saw("Reloaded: generation 3");
  expect(await ask(socket, "/version")).toMatchObject({ body: "one" });
  const { failures } = await load.stop();
  // The old address is gone: whoever asks there now is refused, but nobody's request was broken.
  expect(failures.filter(({ reason }) => !reason.startsWith("ECONNREFUSED"))).toEqual([]);
  config(["127.0.0.1:0", "nonsense:x"], 1);
  command.signal("SIGHUP");
  await command.saw("Reload failed, generation 3 keeps serving");
  expect(await ask(socket, "/version")).toMatchObject({ status: 200 });
});

test("HUP reads the server section of an INI file again, also from another directory than the application's", async () => {
  const ini = (workers: number): string =>
    `[server:main]\nuse = egg:tsgi\nport = 0\nworkers = ${workers}\n[app:main]\nuse = call:app:factory\n`;
  server.project.write("site/app.mjs", "export const factory = () => (_, start) => (start('200 OK', []), []);");
  server.project.write("site/site.ini", ini(1));
  const command = server.run(["site.ini", "--chdir", "site"]);
  expect(await ask(await command.port())).toMatchObject({ status: 200 });
  server.project.write("site/site.ini", ini(2));
  command.signal("SIGHUP");
  await command.saw("Reloaded: generation 2");
  await until(() => children(command.pid).length === 2);
});
