// The mode in which the arbiter accepts, with all that may come before the first request of a connection.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { makeIdentities } from "../engine/certificates.ts";
import { ask, pause, ServerProject } from "./server-project.ts";

const { server: identity } = makeIdentities("server");
const server = new ServerProject({
  "who.mjs": `export const application = async (environ, startResponse) => {
    if (environ.PATH_INFO === "/never") await new Promise(() => {});
    startResponse("200 OK", []);
    return [Buffer.from(environ["wsgi.url_scheme"] + " " + environ.REMOTE_ADDR + " " + process.pid)];
  };`,
});
server.project.write("key.pem", identity.key);
server.project.write("cert.pem", identity.cert);
afterEach(() => server.clean());
afterAll(() => server.remove());

const DISPATCH = ["who.mjs", "-b", "127.0.0.1:0", "-w", "2", "--dispatch", "dispatch"];
const TLS = ["--keyfile", "key.pem", "--certfile", "cert.pem"];
const PROXY = "PROXY TCP4 203.0.113.9 10.0.0.1 5001 443\r\n";
const GET = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/** Asks once, after a PROXY header if one is given, over TLS if that is wanted. */
async function exchange(port: number, { proxy = "", isSecure = false, delay = 0 }): Promise<string> {
  const raw = connect({ host: "127.0.0.1", port });
  await once(raw, "connect");
  if (proxy !== "") raw.write(proxy);
  // The begin of the handshake comes in a packet of its own, or together with the header.
  if (delay > 0) await pause(delay);
  const socket: Socket = isSecure ? connectTls({ socket: raw, rejectUnauthorized: false }) : raw;
  let text = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
  socket.write(GET);
  await once(socket, "end");
  return text.slice(text.indexOf("\r\n\r\n") + 4);
}

describe("--dispatch dispatch", () => {
  test.each([
    ["with TLS", TLS, { isSecure: true }, /^https 127\.0\.0\.1 \d+$/],
    ["with the PROXY protocol", ["--proxy-protocol", "v1"], { proxy: PROXY }, /^http 203\.0\.113\.9 \d+$/],
    [
      "with the PROXY protocol before TLS",
      ["--proxy-protocol", "v1", ...TLS],
      { proxy: PROXY, isSecure: true },
      /^https 203\.0\.113\.9 \d+$/,
    ],
    [
      "with the PROXY protocol long before TLS",
      ["--proxy-protocol", "v1", ...TLS],
      { proxy: PROXY, isSecure: true, delay: 100 },
      /^https 203\.0\.113\.9 \d+$/,
    ],
  ])("%s: both workers answer, before, during and after a reload", async (_, args, how, expected) => {
    const command = server.run([...DISPATCH, ...args]);
    const port = await command.port();
    const before = await Promise.all(Array.from({ length: 8 }, () => exchange(port, how)));
    for (const answer of before) expect(answer).toMatch(expected);
    expect(new Set(before).size).toBe(2);
    command.signal("SIGHUP");
    while (!command.stderr.includes("Reloaded: generation 2")) expect(await exchange(port, how)).toMatch(expected);
    const after = await Promise.all(Array.from({ length: 8 }, () => exchange(port, how)));
    expect(after.filter((answer) => before.includes(answer))).toEqual([]);
    expect(await command.stop()).toMatchObject({ code: 0 });
  });

  test("a stop completes the handshakes that were begun", async () => {
    const command = server.run([...DISPATCH, ...TLS]);
    const port = await command.port();
    const raw = connect({ host: "127.0.0.1", port });
    await once(raw, "connect");
    await pause(200);
    command.signal("SIGTERM");
    await command.saw("Handling signal: term");
    const socket = connectTls({ socket: raw, rejectUnauthorized: false });
    let text = "";
    socket.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
    socket.write(GET);
    await once(socket, "end");
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(await command.result).toMatchObject({ code: 0 });
  });

  test("a connection that never spoke TLS counts no longer when it has ended", async () => {
    const port = await server.run([...DISPATCH, ...TLS]).port();
    const held = connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false });
    held.setEncoding("latin1").write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let answer = "";
    held.on("data", (chunk: string) => (answer += chunk));
    await expect.poll(() => answer).toMatch(/https 127\.0\.0\.1 \d+$/);
    const holder = answer.slice(answer.indexOf("\r\n\r\n") + 4);
    // They go to the other worker. If they went on counting there, it would have as many as the first, which is preferred then.
    for (let round = 0; round < 3; round++) {
      const wrong = connect({ host: "127.0.0.1", port }, () => wrong.end("nonsense, nonsense, nonsense\r\n"));
      wrong.resume().on("error", () => {});
      await once(wrong, "close");
    }
    await expect.poll(() => exchange(port, { isSecure: true })).not.toBe(holder);
    held.destroy();
  });

  test("a request has its deadline here too", async () => {
    const command = server.run([...DISPATCH, "--timeout", "1"]);
    expect(await ask(await command.port(), "/never")).toMatchObject({ status: 504 });
    expect(command.stderr).toContain("Request timed out");
  });
});
