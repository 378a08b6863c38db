// More clients than the process may have descriptors.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { afterAll, afterEach, expect, test } from "vitest";
import { ask, children, pause, ServerProject } from "./server-project.ts";

const server = new ServerProject();
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
  await expect
    .poll(
      () =>
        ask(port, "/version").then(
          ({ status }) => status,
          () => 0,
        ),
      { timeout: 20_000 },
    )
    .toBe(200);
  expect(children(command.pid)).toEqual([worker]);
  kept.destroy();
});

async function exchange(socket: Socket): Promise<string> {
  socket.write("GET /version HTTP/1.1\r\nHost: a\r\n\r\n");
  const [bytes] = (await once(socket, "data")) as [Buffer];
  return bytes.toString("latin1");
}
