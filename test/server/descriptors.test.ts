// More clients than the process may have descriptors.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { afterAll, afterEach, expect, test } from "vitest";
import { venvPython } from "../needs.ts";
import { ask, children, kill, pause, ServerProject } from "./server-project.ts";

const PYTHON = venvPython();
const server = new ServerProject({
  "hello.py": 'def app(environ, start_response):\n    start_response("200 OK", [])\n    return [b"hello"]\n',
});
afterEach(() => server.clean());
afterAll(() => server.remove());

test("a worker without free descriptors answers on the connections it has, stays, and takes others when clients have left", async () => {
  const command = server.start(["-w", "1"]);
  const port = await command.port();
  const [worker = 0] = children(command.pid);
  const kept = connect(port, "127.0.0.1");
  expect(await exchange(kept)).toMatch(/^HTTP\/1\.1 200 /);
  const limit = readdirSync(`/proc/${worker}/fd`).length + 10;
  execFileSync("prlimit", ["--pid", String(worker), `--nofile=${limit}`]);
  const idle = Array.from({ length: 40 }, () => connect(port, "127.0.0.1").on("error", () => {}));
  // Those beyond the limit are closed by the system, or wait.
  // Several signs of life must pass.
  for (let count = 0; count < 8; count += 1) {
    expect(await exchange(kept)).toMatch(/^HTTP\/1\.1 200 /);
    await pause(500);
  }
  expect(children(command.pid)).toEqual([worker]);
  for (const socket of idle) socket.destroy();
  await expect.poll(() => statusOf(port, "/version")).toBe(200);
  expect(children(command.pid)).toEqual([worker]);
  kept.destroy();
});

test.skipIf(PYTHON === undefined)(
  "a worker without free descriptors starts its Python once there are some",
  async () => {
    const command = server.run(["hello.py", "-b", "127.0.0.1:0", "-w", "1"], { TSGI_PYTHON: PYTHON ?? "" });
    const port = await command.port();
    const [worker = 0] = children(command.pid);
    const [python = 0] = children(worker);
    limitDescriptors(worker, 3);
    kill(python, "SIGKILL");
    await command.saw("could not be started: spawn", 2);
    limitDescriptors(worker, 1024);
    await expect.poll(() => statusOf(port, "/")).toBe(200);
    expect(children(command.pid)).toEqual([worker]);
  },
);

test("an arbiter without free descriptors says why no worker starts, and starts one once there are some", async () => {
  const command = server.start(["-w", "1"]);
  const port = await command.port();
  const [worker = 0] = children(command.pid);
  limitDescriptors(command.pid, 3);
  kill(worker, "SIGKILL");
  await command.saw("Its process could not be started: spawn", 2);
  limitDescriptors(command.pid, 1024);
  await expect.poll(() => statusOf(port, "/version")).toBe(200);
});

/** The soft limit, which can be raised again. */
function limitDescriptors(pid: number, descriptors: number): void {
  execFileSync("prlimit", ["--pid", String(pid), `--nofile=${descriptors}:`]);
}

/** The status of an answer; 0 without one. */
function statusOf(port: number, path: string): Promise<number> {
  return ask(port, path).then(
    ({ status }) => status,
    () => 0,
  );
}

async function exchange(socket: Socket): Promise<string> {
  socket.write("GET /version HTTP/1.1\r\nHost: a\r\n\r\n");
  const [bytes] = (await once(socket, "data")) as [Buffer];
  return bytes.toString("latin1");
}
