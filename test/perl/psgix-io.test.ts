// Connections that a PSGI application takes over by psgix.io, as their clients see them.
import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import type { ServedGuest } from "../lane/serve-guest.ts";
import { interpreterWith } from "../needs.ts";
import { servePerl } from "./serve-perl.ts";

const OFFER = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

describe.skipIf(interpreterWith("perl", "Plack") === undefined)("psgix.io", () => {
  let served: ServedGuest;
  beforeAll(async () => void (served = await servePerl({ target: "websocket.psgi", deadlineSeconds: 20 })));
  afterAll(() => served.close());

  /** What a client hears that offers WebSockets. */
  async function heard(path: string): Promise<string> {
    const socket = connect(served.port, "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${OFFER}\r\n`);
    return await text(socket);
  }

  test.each(["/echo", "/at-once", "/methods"])("%s is a WebSocket", async (path) => {
    const socket = new WebSocket(`ws://127.0.0.1:${served.port}${path}`);
    onTestFinished(() => socket.terminate());
    const messages: Buffer[] = [];
    socket.on("message", (data: Buffer) => void messages.push(data));
    await once(socket, "open");
    const long = Buffer.alloc(300_000, "0123456789");
    socket.send("short");
    socket.send(long);
    await expect.poll(() => messages.length).toBe(2);
    expect([String(messages[0]), messages[1]?.equals(long)]).toEqual(["short", true]);
    socket.close(1000, "done");
    expect(await once(socket, "close")).toEqual([1000, Buffer.from("done")]);
    expect(await served.get("/")).toMatchObject({ text: "absent" });
  });

  test("is there for a client that offers another protocol, and may be left alone", async () => {
    const socket = connect(served.port, "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    socket.write(`GET /look HTTP/1.1\r\nHost: a\r\n${OFFER}\r\n`);
    let answer = "";
    socket.on("data", (chunk) => (answer += String(chunk)));
    await expect.poll(() => answer).toMatch(/\r\n\r\noffered TSGI::Guest::Connection=GLOB$/);
    expect(await served.get("/echo")).toMatchObject({ text: "absent" });
  });

  test("may refuse", async () => {
    const socket = connect(served.port, "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    socket.write(`GET /refused HTTP/1.1\r\nHost: a\r\n${OFFER}\r\n`);
    let answer = "";
    socket.on("data", (chunk) => (answer += String(chunk)));
    await expect.poll(() => answer).toMatch(/^HTTP\/1\.1 403 [^]*\r\n\r\nno$/);
  });

  test.each(["/dies", "/own", "/none"])(
    "%s: an application that fails ends it, in the same process as before",
    async (path) => {
      const before = (await served.get("/pid")).text;
      expect(await heard(path)).toMatch(/^HTTP\/1\.1 101 /);
      expect(await served.get("/pid")).toMatchObject({ text: before });
    },
  );

  test("an application answers there or by its response, not both", async () => {
    expect(await heard("/both")).toMatch(/^HTTP\/1\.1 50[02] /);
    const late = await heard("/late");
    expect(late).toMatch(/^HTTP\/1\.1 200 [^]*begun/);
    expect(late).not.toMatch(/\r\n0\r\n\r\n$/);
    expect(await served.get("/")).toMatchObject({ text: "absent" });
  });
});
