// The commands that steer and show a running server, as an operator uses them.
import { execFile } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { describe, expect, onTestFinished, test } from "vitest";

import { ask, startWatched, statsAddress, type Watched } from "./watched.ts";

const TSGI = join(fileURLToPath(new URL("../../", import.meta.url)), "bin", "tsgi.js");

async function startControlled(...args: string[]): Promise<Watched> {
  const watched = await startWatched("--control-socket", "ctl.sock", ...args);
  await watched.command.saw("Control socket at");
  return watched;
}

describe("tsgi reload --wait", () => {
  test("tells whether the new code serves", async () => {
    const { project, port } = await startControlled();
    project.write(
      "app.mjs",
      `export const application = (_, start) => { start("200 OK", []); return [Buffer.from("new")]; };`,
    );
    const done = await project.run(["reload", "--wait", "-s", "ctl.sock"]);
    expect(done).toMatchObject({ code: 0, stderr: "" });
    expect(done.stdout).toMatch(/^Generation 2 serves after [\d.]+ s\n$/);
    expect(await ask(port, "/")).toMatchObject({ body: "new" });

    project.write("app.mjs", `throw new Error("no luck today");`);
    const failed = await project.run(["reload", "--wait", "-s", "ctl.sock"]);
    expect(failed).toMatchObject({ code: 3, stdout: "" });
    expect(failed.stderr).toContain("The old code keeps serving");
    expect(failed.stderr).toContain("no luck today");
    expect(await ask(port, "/")).toMatchObject({ body: "new" });
    // Nothing that served has crashed.
    const shown = await project.run(["ctl", "-s", "ctl.sock", "show", "all"]);
    const { restarts } = JSON.parse(shown.stdout) as { restarts: Record<string, number> };
    expect(restarts).toMatchObject({ "boot-failed": 1 });
    expect(restarts).not.toHaveProperty("crash");
  });

  test("says what is missing", async () => {
    const { project } = await startWatched();
    expect(await project.run(["reload", "--wait"])).toMatchObject({ code: 2 });
    expect(await project.run(["reload", "--wait", "--pid", "x"])).toMatchObject({ code: 2 });
    const nobody = await project.run(["reload", "--wait", "-s", "ctl.sock"]);
    expect(nobody).toMatchObject({ code: 10 });
    expect(nobody.stderr).toContain("start the server with --control-socket");
  });
});

describe("tsgi ctl", () => {
  test("shows, adds, removes and kills workers on a socket that is its owner's alone", async () => {
    const { project } = await startControlled("-w", "1");
    const ctl = async (...args: string[]): Promise<unknown> => {
      const { stdout, code, stderr } = await project.run(["ctl", "-s", "ctl.sock", ...args]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      return stdout.startsWith("{") || stdout.startsWith("[") ? JSON.parse(stdout) : stdout.trimEnd();
    };
    expect(statSync(project.path("ctl.sock")).mode & 0o777).toBe(0o600);
    expect(await ctl("show", "listeners")).toEqual([expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/)]);
    const behind = await project.run(["ctl", "show", "listeners", "-s", "ctl.sock"]);
    expect(behind).toMatchObject({ code: 0, stderr: "" });
    expect(await ctl("show", "config")).toMatchObject({ workers: 1, controlSocket: "ctl.sock" });
    expect(await ctl("show", "stats")).toMatchObject({ requests: 0 });
    expect(await ctl("show")).toMatchObject({ target: "app.mjs", total: { requests: 0 } });
    expect(await ctl("worker", "add", "2")).toEqual({ workers: 3 });
    expect(await ctl("worker", "remove")).toEqual({ workers: 2 });
    const serving = async (): Promise<{ pid: number }[]> => {
      const workers = (await ctl("show", "workers")) as { pid: number; phase: string }[];
      return workers.filter(({ phase }) => phase === "serving");
    };
    await expect.poll(async () => (await serving()).length, { timeout: 20_000 }).toBe(2);
    const [victim] = await serving();
    expect(await ctl("worker", "kill", String(victim?.pid))).toEqual({ killed: victim?.pid });
    await expect
      .poll(async () => (await serving()).filter(({ pid }) => pid !== victim?.pid).length, { timeout: 20_000 })
      .toBe(2);
    expect(await ctl("reopen")).toBe("Logs are reopened");
  });

  test("shows the requests in hand, and which worker cannot say", async () => {
    // The slow request would hold the end of the test up for its half a minute.
    const { project, port } = await startControlled("-w", "1", "--graceful-timeout", "1");
    const shown = async (): Promise<unknown> => {
      const { stdout } = await project.run(["ctl", "-s", "ctl.sock", "show", "requests"]);
      return JSON.parse(stdout);
    };
    expect(await shown()).toEqual({ requests: [], leftOut: 0, silentWorkers: [] });
    ask(port, "/slow?token=secret").catch(() => {});
    await expect.poll(shown, { timeout: 20_000 }).toEqual({
      requests: [
        {
          ageSeconds: expect.any(Number),
          method: "GET",
          path: "/slow",
          state: "working",
          worker: 1,
          pid: expect.any(Number),
          python: null,
          requestId: expect.any(String),
        },
      ],
      leftOut: 0,
      silentWorkers: [],
    });
    const { stdout } = await project.run(["ctl", "-s", "ctl.sock", "show", "workers"]);
    const [worker] = JSON.parse(stdout) as { pid: number }[];
    process.kill(worker?.pid ?? 0, "SIGSTOP");
    onTestFinished(() => void process.kill(worker?.pid ?? 0, "SIGCONT"));
    expect(await shown()).toEqual({ requests: [], leftOut: 0, silentWorkers: [1] });
  });

  test("stops the server", async () => {
    const { project, command } = await startControlled();
    expect(await project.run(["ctl", "-s", "ctl.sock", "stop"])).toMatchObject({ code: 0 });
    expect(await command.result).toMatchObject({ code: 0 });
  });

  test("answers what it does not understand", async () => {
    const { project } = await startControlled();
    const ctl = async (...args: string[]): Promise<unknown> => await project.run(["ctl", "-s", "ctl.sock", ...args]);
    expect(await ctl("worker", "kill", "1")).toMatchObject({
      code: 1,
      stderr: "tsgi: No worker has the process id 1\n",
    });
    expect(await ctl("show", "nothing")).toMatchObject({ code: 2 });
    expect(await ctl("worker", "add", "-3")).toMatchObject({ code: 2 });
  });
});

describe("tsgi top", () => {
  test("prints once where there is no terminal", async () => {
    const watched = await startWatched("-w", "2", "--stats", "127.0.0.1:0");
    await ask(watched.port, "/");
    const { code, stdout } = await watched.project.run(["top", "--stats", statsAddress(watched)]);
    expect(code).toBe(0);
    expect(stdout).not.toContain("\x1b");
    expect(stdout).toMatch(/^tsgi .* app\.mjs .*generation 1$/m);
    expect(stdout).toMatch(/^WORKER +PID +GEN +PHASE/m);
    expect(stdout.match(/^ +[12] +\d+ +1 +serving/gm)).toHaveLength(2);
  });

  test("draws in a terminal until q is pressed, and leaves it as it was", async () => {
    const watched = await startWatched("--stats", "127.0.0.1:0");
    const script = `
import os, pty, sys, time, select
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
out, pressed, end = b"", False, time.time() + 20
while time.time() < end:
    if select.select([fd], [], [], 0.1)[0]:
        try: data = os.read(fd, 65536)
        except OSError: break
        if not data: break
        out += data
    if not pressed and out.count(b"WORKER") >= 2:
        os.write(fd, b"q"); pressed = True
if not pressed: os.kill(pid, 9)
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(out)
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 99)`;
    const args = ["-c", script, process.execPath, TSGI, "top", "--stats", statsAddress(watched), "--interval", "0.2"];
    const { stdout } = await promisify(execFile)("python3", args);
    expect(stdout.startsWith("\x1b[?1049h")).toBe(true);
    expect(stdout.endsWith("\x1b[?25h\x1b[?1049l")).toBe(true);
    expect(stdout).toContain("serving");
  });

  test("says who does not answer", async () => {
    const { project } = await startWatched();
    expect(await project.run(["top"])).toMatchObject({ code: 2 });
    const nobody = await project.run(["top", "--stats", "unix:nobody.sock"]);
    expect(nobody).toMatchObject({ code: 10, stderr: expect.stringContaining("unix:nobody.sock") as string });
  });
});
