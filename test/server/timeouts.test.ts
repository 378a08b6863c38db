// Requests that take too long, and workers whose event loop is blocked.
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { ask, children, pause, ServerProject, until } from "./server-project.ts";

const server = new ServerProject();
afterEach(() => server.clean());
afterAll(() => server.remove());

/** Of a process whose JavaScript has started none, where threads have no names: up to Node 22. */
const THREADS_OF_NODE = 11;

/** Whether a process has a thread that its JavaScript has started. */
function hasThread(pid: number): boolean {
  const threads = readdirSync(`/proc/${pid}/task`);
  const names = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/comm`, "latin1"));
  return threads.length > THREADS_OF_NODE || names.includes("WorkerThread\n");
}

/** Waits until a worker does nothing any more. */
async function rests(worker: number): Promise<void> {
  const used = (): string =>
    readFileSync(`/proc/${worker}/stat`, "latin1")
      .replace(/^.*\) /s, "")
      .split(" ")
      .slice(11, 13)
      .join();
  await until(async () => {
    const before = used();
    await pause(1000);
    return used() === before;
  });
}

describe("--timeout", () => {
  test("answers 504 and logs one line about the request; the worker goes on with all others", async () => {
    const command = server.start([
      "-w",
      "1",
      "--timeout",
      "2",
      "--access-logfile",
      "-",
      "--access-logformat",
      "%(U)s %(s)s",
    ]);
    const port = await command.port();
    const [worker] = children(command.pid);
    const slow = ask(port, "/never?token=a%22b", { "X-Request-ID": "abc-123" });
    expect(await ask(port, "/version")).toMatchObject({ status: 200 });
    expect(await slow).toMatchObject({ status: 504 });
    const line = /\[ERROR\] Request timed out: (.*)\n/.exec(command.stderr)?.[1] ?? "";
    expect(line).toMatch(
      new RegExp(
        `^"GET /never\\?token=a%22b" id=\\S+ elapsed=(?:[2-9]|\\d\\d+)\\.\\d{3}s worker=${worker} bytes_in=0 bytes_out=0 from=127\\.0\\.0\\.1;`,
      ),
    );
    expect(command.stderr.match(/Request timed out/g)).toHaveLength(1);
    expect(children(command.pid)).toEqual([worker]);
    expect((await command.stop()).stdout).toBe("/version 200\n/never 504\n");
  });
});

describe("--heartbeat-timeout", () => {
  test("replaces a worker whose event loop is blocked, and says where it was", async () => {
    const command = server.start(["-w", "2", "--heartbeat-timeout", "3"]);
    const port = await command.port();
    const before = children(command.pid);
    // The watching thread starts a second after the worker, and has to load.
    await until(() => before.every(hasThread), 20).catch(() => {});
    for (const worker of before) await rests(worker);
    await expect(ask(port, "/block/60000")).rejects.toThrow(/socket hang up|ECONNRESET/);
    await command.saw("is blocked: no heartbeat from its event loop for 3 s; it is killed and replaced");
    await command.saw("serves (pid");
    expect(command.stderr).toMatch(/The event loop has been blocked for 2 seconds, here:\n {4}at spin \(.*app\.mjs/);
    const after = children(command.pid);
    expect(after).toHaveLength(2);
    expect(after.filter((pid) => before.includes(pid))).toHaveLength(1);
    expect(await ask(port, "/version")).toMatchObject({ status: 200 });
  });
});

test("--max-in-flight answers 503 with Retry-After at the limit", async () => {
  const command = server.start(["--max-in-flight", "2"]);
  const port = await command.port();
  const held = [await server.hold(port), await server.hold(port)];
  const refused = await ask(port, "/");
  expect(refused.status).toBe(503);
  expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
  for (const request of held) request.release();
  for (const { answer } of held) expect(await answer).toMatchObject({ status: 200 });
  expect(await ask(port, "/version")).toMatchObject({ status: 200 });
});

test("--worker-connections answers 503 with Retry-After at the limit", async () => {
  const command = server.start(["--worker-connections", "2"]);
  const port = await command.port();
  const held = [await server.hold(port), await server.hold(port)];
  const refused = await new Promise<string>((resolve) => {
    let text = "";
    const socket = connect(port, "127.0.0.1");
    socket.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
    socket.on("close", () => resolve(text)).on("error", () => {});
  });
  expect(refused).toMatch(/^HTTP\/1\.1 503 /);
  expect(refused).toMatch(/\r\nRetry-After: \d+\r\n/);
  for (const request of held) request.release();
  for (const { answer } of held) expect(await answer).toMatchObject({ status: 200 });
});
