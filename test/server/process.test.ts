// What the processes are: rights, directory, environment, names, background, sockets from others.
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { canReusePort } from "../../src/server/sockets/bound-socket.ts";
import { ask, children, kill, ServerProject, until } from "./server-project.ts";

const COMMAND = fileURLToPath(new URL("../../bin/tsgi.js", import.meta.url));
const isRoot = process.getuid?.() === 0;
const server = new ServerProject();
afterEach(() => server.clean());
afterAll(() => server.remove());

test("the processes have names of their own", async () => {
  const command = server.start(["--name", "shop"]);
  await command.port();
  const title = (pid: number): string => execFileSync("ps", ["-o", "args=", "-p", String(pid)], { encoding: "utf8" });
  expect(title(command.pid)).toMatch(/^shop: arbiter/);
  expect(title(children(command.pid)[0] ?? 0)).toMatch(/^shop: worker \[app\.mjs\]/);
});

test("--env, --chdir and --umask reach the application", async () => {
  mkdirSync(server.project.path("inner"));
  server.project.write("inner/app.mjs", readFileSync(server.project.path("app.mjs"), "utf8"));
  const command = server.start(["--chdir", "inner", "-e", "GREETING=hello=you", "-m", "0027", "-b", "unix:inner.sock"]);
  await command.saw("Listening at");
  const socket = server.project.path("inner/inner.sock");
  expect(await ask(socket, "/variable/GREETING")).toMatchObject({ body: "hello=you" });
  expect(await ask(socket, "/variable/TSGI_WORKER")).toMatchObject({ body: "undefined" });
  expect(JSON.parse((await ask(socket, "/ids")).body)).toMatchObject({ umask: 0o027 });
  expect(statSync(socket).mode & 0o777).toBe(0o750);
});

test.each(["nowhere", "app.mjs/below"])("--chdir %s, which is no directory, is one clear error", async (name) => {
  const { code, stderr } = await server.start(["--chdir", name]).result;
  expect(stderr).toBe(`tsgi: Cannot change to the directory "${server.project.path(name)}" (--chdir): there is none\n`);
  expect(code).toBe(2);
});

test.runIf(isRoot)("--user and --group: workers give up root for good, the arbiter keeps the port", async () => {
  chmodSync(server.project.directory, 0o755);
  const command = server.start(["-u", "65534", "-g", "65534"]);
  const port = await command.port();
  expect(JSON.parse((await ask(port, "/ids")).body)).toMatchObject({ uid: 65_534, gid: 65_534, groups: [65_534] });
  expect(await ask(port, "/regain")).toMatchObject({ body: "not regained" });
  const unknown = await server.start(["-u", "no-such-user"]).result;
  expect(unknown).toMatchObject({
    code: 2,
    stderr: 'tsgi: Cannot run as user "no-such-user": the system knows no such user\n',
  });
});

describe("--pid", () => {
  test("holds the arbiter's id while it runs, and guards against a second server", async () => {
    const path = server.project.path("one.pid");
    const command = server.start(["-p", path]);
    await command.port();
    expect(readFileSync(path, "utf8")).toBe(`${command.pid}\n`);
    expect(await server.start(["-p", path]).result).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("is running"),
    });
    await command.stop();
    expect(existsSync(path)).toBe(false);
    server.project.write("one.pid", "999999\n");
    const next = server.start(["-p", path]);
    await next.port();
    expect(readFileSync(path, "utf8")).toBe(`${next.pid}\n`);
  });
});

describe("--daemon", () => {
  test("returns when the server serves, which goes on in the background", async () => {
    const [socket, pidFile] = [server.project.path("daemon.sock"), server.project.path("daemon.pid")];
    const result = await server.start(["-D", "-p", pidFile, "-b", `unix:${socket}`, "--error-logfile", "daemon.log"])
      .result;
    expect(result).toMatchObject({ code: 0, stdout: "", stderr: "" });
    const pid = Number(readFileSync(pidFile, "utf8"));
    try {
      expect(await ask(socket, "/version")).toMatchObject({ body: "one" });
      expect(execFileSync("ps", ["-o", "sid=", "-p", String(pid)], { encoding: "utf8" }).trim()).toBe(String(pid));
      kill(pid, "SIGWINCH");
      await until(() => children(pid).length === 0);
      kill(pid, "SIGHUP");
      await until(() => readFileSync(server.project.path("daemon.log"), "utf8").includes("Reloaded"));
      expect(await ask(socket, "/version")).toMatchObject({ body: "one" });
    } finally {
      kill(pid, "SIGTERM");
      await until(() => !existsSync(`/proc/${pid}`));
    }
    expect(existsSync(socket)).toBe(false);
  });

  test("says why it could not start, and fails", async () => {
    server.project.write("broken.ts", "throw new Error('at load');");
    const result = await server.run(["broken.ts", "-D", "-b", "127.0.0.1:0"]).result;
    expect(result).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/^tsgi: ".*broken\.ts" threw while loading: Error: at load\n/),
    });
  });
});

/** A listening socket of this process, for children to inherit. */
async function listening(): Promise<{ listener: Server; fd: number; port: number }> {
  const listener = createServer();
  await new Promise<void>((resolve) => {
    listener.listen(0, "127.0.0.1", resolve);
  });
  const { _handle: handle } = listener as unknown as { _handle: { fd: number } };
  return { listener, fd: handle.fd, port: (listener.address() as { port: number }).port };
}

describe("Sockets from others:", () => {
  test.each([
    ["--bind fd://3", ["-b", "fd://3"], ""],
    ["systemd's activation", [], "LISTEN_PID=$$ LISTEN_FDS=1 "],
  ])("%s", async (_, args, assignments) => {
    const { listener, fd, port } = await listening();
    const line = `${assignments}exec "${process.execPath}" "${COMMAND}" app.mjs ${args.join(" ")}`;
    const child = spawn("sh", ["-c", line], { cwd: server.project.directory, stdio: ["ignore", "ignore", "pipe", fd] });
    let text = "";
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    try {
      await until(() => text.includes("Listening at"));
      expect(text).toContain(`Listening at: http://127.0.0.1:${port} `);
      // This process listens too and never accepts what the workers take; a stop of the server leaves the socket to it.
      listener.close();
      expect(await ask(port, "/version")).toMatchObject({ body: "one" });
    } finally {
      const ended = new Promise((resolve) => child.once("close", resolve));
      child.kill("SIGTERM");
      await ended;
    }
    expect(child.exitCode).toBe(0);
  });

  test("systemd is told READY, RELOADING, STOPPING, and the watchdog is fed", async () => {
    const path = server.project.path("notify.sock");
    const script =
      "import socket, sys\ns = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\ns.bind(sys.argv[1])\nprint('bound', flush=True)\nwhile True: print(s.recv(4096).decode(), flush=True)";
    const receiver = spawn("python3", ["-c", script, path], { stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    receiver.stdout.setEncoding("utf8").on("data", (chunk: string) => (said += chunk));
    try {
      await until(() => said.includes("bound"));
      const command = server.start([], { NOTIFY_SOCKET: path, WATCHDOG_USEC: "400000" });
      const port = await command.port();
      await until(
        () => said.includes("READY=1") && said.includes(`MAINPID=${command.pid}`) && said.includes("WATCHDOG=1"),
      );
      expect(await ask(port, "/variable/NOTIFY_SOCKET")).toMatchObject({ body: "undefined" });
      command.signal("SIGHUP");
      await until(() => said.includes("RELOADING=1"));
      await command.saw("Reloaded");
      await command.stop();
      await until(() => said.includes("STOPPING=1"));
    } finally {
      receiver.kill();
    }
  });
});

describe("--dispatch", () => {
  test("dispatch hands a burst of long connections to all workers evenly", async () => {
    const command = server.start(["-w", "2", "--dispatch", "dispatch"]);
    const port = await command.port();
    const held = await Promise.all(Array.from({ length: 40 }, () => server.hold(port)));
    for (const request of held) request.release();
    const pids = await Promise.all(held.map(async ({ answer }) => (await answer).body.split(" ")[1]));
    const counts = [...new Set(pids)].map((pid) => pids.filter((other) => other === pid).length);
    expect(counts).toEqual([20, 20]);
  });

  // One test on every Node: each has something to show.
  test("reuse-port gives each worker a socket of its own, or says that this Node cannot", async () => {
    const command = server.start(["-w", "2", "--reuse-port"]);
    const seen = canReusePort()
      ? { workers: await countWorkers(await command.port()), refusal: "" }
      : { workers: 0, refusal: (await command.result).stderr };
    expect(seen.workers).toBe(canReusePort() ? 2 : 0);
    expect(seen.refusal).toMatch(
      canReusePort() ? /^$/ : /^tsgi: Cannot use --dispatch reuse-port: it needs Node 22\.12 or later/,
    );
  });

  async function countWorkers(port: number): Promise<number> {
    return new Set(await Promise.all(Array.from({ length: 100 }, async () => (await ask(port, "/pid")).body))).size;
  }
});

test.runIf(isRoot && existsSync("/usr/bin/unshare"))("as process 1 it stops at SIGTERM with exit code 0", async () => {
  const args = ["--pid", "--fork", "--kill-child", process.execPath, COMMAND, "app.mjs", "-b", "127.0.0.1:0"];
  const child = spawn("unshare", args, { cwd: server.project.directory, stdio: ["ignore", "ignore", "pipe"] });
  let text = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  await until(() => text.includes("Listening at"));
  expect(text).toContain("(1)");
  const port = Number(/:(\d+) \(1\)/.exec(text)?.[1]);
  expect(await ask(port, "/version")).toMatchObject({ body: "one" });
  kill(children(child.pid ?? 0)[0] ?? 0, "SIGTERM");
  expect(await ended).toBe(0);
});
