// Connections that a Rack application takes over, as their clients see them: WebSockets of a real client, answers that come later than their
// call, and what becomes of them when one side leaves.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { eventually } from "../python/serve-python.ts";
import { interpreterWith } from "../needs.ts";
import type { ServedGuest } from "../lane/serve-guest.ts";
import { serveRuby } from "./serve-ruby.ts";

const ruby = interpreterWith("ruby", "rack");

/** A WebSocket that is open, and what it hears. */
async function webSocket(port: number, path: string): Promise<{ socket: WebSocket; heard: Buffer[] }> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
  onTestFinished(() => socket.terminate());
  const heard: Buffer[] = [];
  socket.on("message", (data: Buffer) => void heard.push(data));
  socket.on("error", () => {});
  await once(socket, "open");
  return { socket, heard };
}

/** A client that has sent something. */
function client(port: number, text: string): { socket: Socket; heard: () => string; ended: () => boolean } {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  let heard = "";
  let isEnded = false;
  socket.on("data", (chunk) => (heard += chunk.toString("latin1")));
  for (const event of ["end", "error", "close"]) socket.on(event, () => (isEnded = true));
  socket.write(text);
  return { socket, heard: () => heard, ended: () => isEnded };
}

function get(path: string, more = ""): string {
  return `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
}

const OFFER = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

describe.skipIf(ruby === undefined)("A connection that a Rack application takes over", () => {
  let served: ServedGuest;
  // One thread: whoever holds it would be noticed.
  beforeAll(async () => void (served = await serveRuby({ target: "hijack.ru", deadlineSeconds: 3 })));
  afterAll(() => served.close());

  test.each(["/socket", "/socket-inside", "/streaming", "/partial"])(
    "%s is a WebSocket, however long its messages are",
    async (path) => {
      const { socket, heard } = await webSocket(served.port, path);
      const long = Buffer.alloc(3_000_000, "0123456789");
      socket.send("short");
      socket.send(long);
      await eventually(() => heard.length === 2, "both messages");
      expect([String(heard[0]), heard[1]?.equals(long)]).toEqual(["short", true]);
      socket.close(1000, "done");
      expect(await once(socket, "close")).toEqual([1000, Buffer.from("done")]);
      expect(await served.get("/ended")).toMatchObject({ text: "end" });
    },
  );

  test("holds no thread: many of them speak, and other requests are answered", async () => {
    const sockets = await Promise.all(Array.from({ length: 20 }, () => webSocket(served.port, "/socket")));
    expect(await served.get("/hello")).toMatchObject({ text: "hello" });
    for (const [index, { socket }] of sockets.entries()) socket.send(String(index));
    await eventually(() => sockets.every(({ heard }) => heard.length === 1), "all answers");
    expect(sockets.map(({ heard }) => String(heard[0]))).toEqual(sockets.map((_, index) => String(index)));
    expect(served.guest.stats().running).toBe(20);
    for (const { socket } of sockets) socket.terminate();
    for (const _ of sockets) await served.get("/ended");
    await eventually(() => served.guest.stats().running === 0, "all of them to be over");
  });

  test("within its call, it may be silent for longer than the deadline", async () => {
    const { socket, heard } = await webSocket(served.port, "/socket-inside");
    await new Promise((resolve) => setTimeout(resolve, 4500));
    socket.send("still here");
    await eventually(() => heard.length === 1, "the answer");
    socket.close();
    expect(await served.get("/ended")).toMatchObject({ text: "end" });
    expect(served.guest.stats().replacements).toBe(0);
  });

  test("waits for another request, and is answered from there", async () => {
    const polls = [served.get("/poll"), served.get("/poll"), served.get("/poll")];
    await eventually(() => served.guest.stats().running === 3, "three to wait");
    expect(await served.get("/post", { method: "POST", body: "news" })).toMatchObject({ text: "3" });
    for (const { status, text, headers } of await Promise.all(polls))
      expect([status, text, headers["set-cookie"]]).toEqual([200, "news", ["a=1", "b=2"]]);
  });

  test("sends its head when there is nothing more to send yet", async () => {
    const { heard } = client(served.port, get("/events"));
    await expect.poll(heard).toMatch(/\r\nTransfer-Encoding: chunked\r\n\r\n$/);
    await served.get("/event");
    await expect.poll(heard).toMatch(/\r\n\r\nd\r\ndata: hello\n\n\r\n$/);
    await served.get("/no-more-events");
    await expect.poll(heard).toMatch(/\r\n0\r\n\r\n$/);
  });

  test.each([
    ["/chunks", "abc"],
    ["/to-the-end", "hello"],
  ])("%s is answered by raw HTTP", async (path, text) => {
    expect(await served.get(path)).toMatchObject({ status: 200, text });
    expect(await served.get("/hello")).toMatchObject({ text: "hello" });
  });

  test("keeps the connection of a client for its next request", async () => {
    const { heard, socket } = client(served.port, get("/chunks") + get("/hello") + get("/chunks"));
    await eventually(() => heard().split("abc").length === 3 && heard().includes("hello"), "three answers");
    expect(heard().match(/HTTP\/1\.1 200 OK\r\n/g)).toHaveLength(3);
    socket.destroy();
  });

  test.each([
    ["/no-http", /^HTTP\/1\.1 500 /, 'It begins with "Server ", expected "HTTP/1.1" and a status'],
    ["/silent", /^HTTP\/1\.1 500 /, "closed the connection before its answer"],
    ["/raises", /^HTTP\/1\.1 500 /, "on purpose (RuntimeError)"],
    ["/late", /^HTTP\/1\.1 200 OK\r\n[^]*hello/, "on purpose"],
  ])("%s is answered, and the log says why", async (path, wanted, message) => {
    served.errors.text = "";
    const { heard } = client(served.port, get(path, "Connection: close\r\n"));
    await eventually(() => wanted.test(heard()), "an answer");
    await eventually(() => served.errors.text.includes(message), "the log");
    expect(await served.get("/hello")).toMatchObject({ text: "hello" });
  });

  test.each<[what: string, head: string, offers: string]>([
    ["GET", get("/offers", "Connection: close\r\n"), "true true"],
    ["GET that offers another protocol", get("/offers", OFFER), "true true"],
    ["HTTP/1.0 with an offer that it cannot make", `GET /offers HTTP/1.0\r\n${OFFER}\r\n`, "false false"],
  ])("is offered to a %s where it works", async (_, head, offers) => {
    const { heard } = client(served.port, head);
    await expect.poll(heard).toMatch(new RegExp(`${offers}$`));
  });

  test.each<[what: string, leave: (socket: Socket) => void]>([
    ["ends its side", (socket) => socket.end()],
    ["closes", (socket) => socket.destroy()],
    ["resets", (socket) => socket.resetAndDestroy()],
  ])("ends for the application when the client %s", async (_, leave) => {
    const { socket, heard } = client(served.port, get("/socket", OFFER));
    await eventually(() => heard().includes("\r\n\r\n"), "the handshake");
    leave(socket);
    expect((await served.get("/ended")).status).toBe(200);
    await eventually(() => served.guest.stats().running === 0, "it to be over");
  });

  test("gives back a client that leaves while it waits", async () => {
    const { socket } = client(served.port, get("/poll"));
    await eventually(() => served.guest.stats().running === 1, "it to wait");
    socket.resetAndDestroy();
    await served.get("/post", { method: "POST", body: "too late" });
    await expect.poll(() => served.guest.stats().running).toBe(0);
  });
});

describe.skipIf(ruby === undefined)("A Ruby guest with connections that were taken over", () => {
  test("that is killed ends them, and another process serves", async () => {
    const served = await serveRuby({ target: "hijack.ru" });
    const before = Number((await served.get("/pid")).text);
    const [{ socket }, poll] = [await webSocket(served.port, "/socket"), client(served.port, get("/poll"))];
    await eventually(() => served.guest.stats().running === 2, "both to be there");
    process.kill(before, "SIGKILL");
    expect(await once(socket, "close")).toEqual([1006, Buffer.alloc(0)]);
    await eventually(() => /^HTTP\/1\.1 50[02] /.test(poll.heard()), "an error");
    await eventually(async () => Number((await served.get("/pid")).text) !== before, "another process");
    await served.close();
  });

  test("that is told to stop cuts them off at the end of its time", async () => {
    const served = await serveRuby({ target: "hijack.ru", graceSeconds: 1 });
    const { socket } = await webSocket(served.port, "/socket");
    const closed = once(socket, "close");
    await served.guest.close(0.5);
    expect(await closed).toEqual([1006, Buffer.alloc(0)]);
    await served.close();
  });

  test("that is reloaded lets them go on for the grace, and answers new ones with new code", async () => {
    const served = await serveRuby({ target: "hijack.ru", graceSeconds: 2, preload: true, processes: 2 });
    const { socket, heard } = await webSocket(served.port, "/socket");
    const closed = once(socket, "close");
    await served.guest.reload();
    socket.send("old");
    await eventually(() => heard.length === 1, "the old process to answer");
    const fresh = await webSocket(served.port, "/socket");
    expect(await closed).toEqual([1006, Buffer.alloc(0)]);
    fresh.socket.send("new");
    await eventually(() => fresh.heard.length === 1, "the new process to answer");
    fresh.socket.terminate();
    await served.close();
  });
});
