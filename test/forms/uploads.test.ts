// Uploads through the real command: what they cost in memory and descriptors, and that nothing is left of them, however a request ends.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { TestClient } from "tsgi/testing";
import { program } from "../needs.ts";
import { inFull } from "../in-full.ts";
import { ServerProject } from "../server/server-project.ts";

const CURL = program("curl");
const MEGABYTE = 1024 * 1024;
/** Megabytes of an upload. */
const SOME = inFull(100, 200);

const server = new ServerProject({
  "uploads.ts": `
    import { readdirSync, readlinkSync } from "node:fs";
    import { parseForm } from "tsgi/forms";
    import type { WSGIApplication } from "tsgi/wsgi";
    const files = () => readdirSync("/proc/self/fd").filter((fd) => {
      try { return readlinkSync("/proc/self/fd/" + fd).includes("/uploads/"); } catch { return false; }
    }).length;
    // Says what it costs, and never closes a form.
    export const application: WSGIApplication = async (environ, startResponse) => {
      let size = 0;
      if (environ.REQUEST_METHOD === "POST") {
        const form = await parseForm(environ, { bodyBytes: 2e9 });
        for await (const bytes of form.file("f")!.stream()) size += bytes.length;
      }
      startResponse("200 OK", [["Content-Type", "application/json"]]);
      const most = process.resourceUsage().maxRSS * 1024;
      return [Buffer.from(JSON.stringify({ pid: process.pid, size, most, files: files() }))];
    };
  `,
});
const directory = server.project.path("uploads");
mkdirSync(directory);
afterEach(() => server.clean());
afterAll(() => server.remove());

interface State {
  readonly pid: number;
  readonly size: number;
  /** The most memory that the process has had, in bytes. */
  readonly most: number;
  readonly files: number;
}

async function start(): Promise<{ readonly port: number; readonly state: () => Promise<State> }> {
  const command = server.run(["uploads.ts", "-b", "127.0.0.1:0"], { TMPDIR: directory });
  const port = await command.port();
  const client = new TestClient(`http://127.0.0.1:${port}`);
  return { port, state: async () => (await client.get("/")).json<State>() };
}

/** Sends the head of a form with a file of 10 MB, and nine of them. */
function uploadMost(port: number): ReturnType<typeof connect> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write(
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=xyz\r\nContent-Length: 10000000\r\n\r\n" +
      '--xyz\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n',
  );
  socket.write(Buffer.alloc(9_000_000, "x"));
  return socket;
}

describe.skipIf(CURL === undefined || process.platform !== "linux")("an upload", () => {
  test(`takes the same memory at ${2 * SOME} MB as at ${SOME} MB, and no descriptor when it is over`, async () => {
    const { port, state } = await start();
    const url = `http://127.0.0.1:${port}/`;
    const upload = async (megabytes: number): Promise<State> => {
      const path = server.project.path("large");
      writeFileSync(path, Buffer.alloc(megabytes * MEGABYTE, "x"));
      const curl = spawn(CURL ?? "", ["-s", "-H", "Expect:", "-F", `f=@${path}`, url]);
      let text = "";
      curl.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
      await once(curl, "close");
      return JSON.parse(text) as State;
    };
    // What Node itself takes before it collects garbage is much the same for both, and differs from Node to Node.
    const { most } = await upload(SOME);
    const answer = await upload(2 * SOME);
    expect([answer.size, answer.files]).toEqual([2 * SOME * MEGABYTE, 1]);
    expect(answer.most - most).toBeLessThan(40 * MEGABYTE);
    await expect.poll(async () => (await state()).files).toBe(0);
    expect(readdirSync(directory)).toEqual([]);
  });

  test("that its client breaks off leaves nothing", async () => {
    const { port, state } = await start();
    const socket = uploadMost(port);
    await expect.poll(async () => (await state()).files).toBe(1);
    expect(readdirSync(directory)).toEqual([]);
    socket.destroy();
    await expect.poll(async () => (await state()).files).toBe(0);
  });

  test("leaves nothing when the worker is killed", async () => {
    const { port, state } = await start();
    const socket = uploadMost(port);
    await expect.poll(async () => (await state()).files).toBe(1);
    const { pid } = await state();
    process.kill(pid, "SIGKILL");
    await new Promise((resolve) => socket.once("close", resolve));
    expect(readdirSync(directory)).toEqual([]);
    await expect.poll(async () => (await state()).pid).not.toBe(pid);
    expect(readdirSync(directory)).toEqual([]);
  });
});
