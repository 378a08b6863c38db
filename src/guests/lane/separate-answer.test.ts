import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { asked, type Asked, type Asking } from "../../../test/lane/lane-pair.ts";
import { FRAME_HEADER_BYTES, FrameType } from "../../protocols/lane/frame.ts";
import { WSGIInputStream } from "../../wsgi/input-stream.ts";
import { GuestApplicationFailed } from "./errors.ts";
import { SeparateAnswers } from "./separate-answers.ts";

const OK = "HTTP/1.1 200 OK\r\nX-A: b\r\n";
const SWITCH = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n";
const OFFER = { HTTP_CONNECTION: "Upgrade", HTTP_UPGRADE: "chat" };

interface Made extends Asked {
  /** The application's end of the connection. */
  readonly guest: Socket;
  readonly answers: SeparateAnswers;
  /** What the application has heard: TAKEN, and then its client. */
  readonly heard: () => Buffer;
  readonly hasEnded: () => boolean;
  readonly abandoned: () => number;
  /** The client closes its side, or is gone. */
  readonly leave: () => void;
}

/** Two ends of one connection. */
async function pair(): Promise<[Socket, Socket]> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const guest = connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", allowHalfOpen: true });
  const [host] = (await once(server, "connection")) as [Socket];
  server.close();
  onTestFinished(() => void guest.destroy());
  return [host, guest];
}

/** A request that is answered on a connection of its own. */
async function made(asking: Asking = {}, graceSeconds = 30, wanted = 7): Promise<Made> {
  const controller = new AbortController();
  const request = asked({ id: 7, ...asking, environ: { "tsgi.signal": controller.signal, ...asking.environ } });
  const answers = new SeparateAnswers("Test", { answerBytes: 1000, graceSeconds });
  let abandoned = 0;
  const lane = { unanswered: [request.exchange], abandon: () => void (abandoned += 1) };
  const [host, guest] = await pair();
  let heard = Buffer.alloc(0);
  let hasEnded = false;
  guest.on("data", (chunk: Buffer) => (heard = Buffer.concat([heard, chunk])));
  for (const event of ["end", "close"]) guest.on(event, () => (hasEnded = true));
  guest.on("error", () => {});
  answers.attach(lane, wanted, host);
  return Object.assign(Object.create(request) as Asked, {
    guest,
    answers,
    heard: () => heard,
    hasEnded: () => hasEnded,
    abandoned: () => abandoned,
    leave: () => controller.abort(),
  });
}

/** A request whose client offers another protocol, and says these things in it. */
function offered(said: AsyncGenerator<Uint8Array, undefined>, graceSeconds?: number): Promise<Made> {
  const source = { pull: async (): Promise<Uint8Array | null> => (await said.next()).value ?? null };
  return made({ environ: { ...OFFER, "tsgi.upgrade": () => new WSGIInputStream(source) } }, graceSeconds);
}

/** Says things, and then nothing more, without an end. */
async function* talking(...texts: string[]): AsyncGenerator<Uint8Array, undefined> {
  for (const text of texts) yield Buffer.from(text);
  await new Promise(() => {});
}

describe("An answer on a connection of its own", () => {
  test.each<[framing: string, wire: string, text: string]>([
    ["a length", `${OK}Content-Length: 5\r\n\r\nhello`, "hello"],
    ["chunks", `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n`, "hello"],
    ["the end of the connection", `${OK}\r\nhello`, "hello"],
    ["no body", "HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n", ""],
  ])("is read with %s, split anywhere", async (_, wire, text) => {
    for (let cut = 1; cut < wire.length; cut += 7) {
      const request = await made();
      request.guest.write(wire.slice(0, cut));
      await new Promise((resolve) => setImmediate(resolve));
      request.guest.end(wire.slice(cut));
      expect(await request.text).toBe(text);
      expect(request.heads[0]?.headers).toContainEqual(["X-A", "b"]);
      await expect.poll(() => request.answers.count).toBe(0);
    }
  });

  test("begins with TAKEN, and ends the connection when it is complete", async () => {
    const { guest, heard, hasEnded } = await made();
    guest.write(`${OK}Content-Length: 0\r\n\r\n`);
    await expect.poll(hasEnded).toBe(true);
    expect([heard().length, heard()[12], heard().readUInt32LE(4)]).toEqual([FRAME_HEADER_BYTES, FrameType.taken, 7]);
  });

  test.each<[what: string, wire: string, message: RegExp]>([
    ["words of another protocol, without an end of their line", "SSH-2.0", /It begins with "SSH-2.0"/],
    ["a head that is cut off", "HTTP/1.1 200 OK\r\nX-", /closed the connection in the head/],
    ["nothing", "", /closed the connection before its answer/],
    ["a header with a line end in it", "HTTP/1.1 200 OK\r\nX-A: b\rc\r\n\r\n", /no HTTP response/],
    ["a head without an end", `${OK}${"X-B: c\r\n".repeat(300)}`, /no HTTP response/],
    ["another protocol, which nobody has asked for", SWITCH, /although nobody asked for it/],
  ])("that is %s is a 500", async (_, wire, message) => {
    const request = await made();
    if (wire.startsWith("SSH")) request.guest.write(wire);
    else request.guest.end(wire);
    expect(await request.text).toMatch(/^!TestApplicationFailed: What the Test application wrote to the connection/);
    expect(await request.text).toMatch(message);
    await expect.poll(request.hasEnded).toBe(true);
    expect(request.answers.count).toBe(0);
  });

  test("that is shorter than it said breaks off", async () => {
    const request = await made();
    request.guest.end(`${OK}Content-Length: 10\r\n\r\nhello`);
    expect(await request.text).toMatch(/^hello!TestApplicationFailed: /);
  });

  test("fails with its request on the lane", async () => {
    const request = await made();
    request.exchange.fail(new GuestApplicationFailed("Test", "On purpose", ""));
    expect(await request.text).toBe("!TestApplicationFailed: On purpose");
    await expect.poll(request.hasEnded).toBe(true);
    expect(request.answers.count).toBe(0);
  });

  test("that was given on the lane meanwhile is not given twice", async () => {
    const request = await made();
    request.exchange.whole("200 OK", Buffer.from("first"));
    request.guest.end(`${OK}\r\nsecond`);
    expect(await request.text).toBe("first");
    await expect.poll(() => request.answers.count).toBe(0);
  });

  test("waits for a client that is slow, with few bytes of it in memory", async () => {
    const request = await made();
    request.guest.write(`${OK}\r\n`);
    const body = await request.exchange.answer;
    const block = Buffer.alloc(1_000_000);
    const sent = (): number => request.guest.bytesWritten - request.guest.writableLength;
    for (let count = 0; count < 40; count += 1) request.guest.write(block);
    let before = -1;
    await expect.poll(() => before === (before = sent()), { interval: 200, timeout: 10_000 }).toBe(true);
    // What is on its way is in the system's buffers.
    expect(before).toBeLessThan(20_000_000);
    request.guest.end();
    let size = 0;
    for await (const chunk of body) size += chunk.length;
    expect(size).toBe(40_000_000);
  });

  test.each<[what: string, asking: Asking, wanted: number]>([
    ["which no lane has", {}, 8],
    ["whose client has left", { id: 7 }, 7],
    ["which has been answered", { id: 7 }, 7],
    ["which has such a connection", { id: 7 }, 7],
  ])("to a request %s is refused", async (what, asking, wanted) => {
    const [host, guest] = await pair();
    const request = asked({ id: 7, ...asking });
    if (what.includes("left")) request.exchange.abandonedAt = 1;
    if (what.includes("answered")) request.exchange.whole("200 OK", Buffer.alloc(0));
    if (what.includes("has such")) request.exchange.elsewhere = { fail() {} };
    const answers = new SeparateAnswers("Test", { answerBytes: 1000, graceSeconds: 30 });
    answers.attach({ unanswered: [request.exchange], abandon() {} }, wanted, host);
    await once(guest.resume(), "end");
    expect([guest.bytesRead, answers.count]).toEqual([0, 0]);
  });
});

describe("A client of such an answer that leaves", () => {
  test("is told to the application, which may still answer", async () => {
    const request = await made();
    request.leave();
    await expect.poll(request.hasEnded).toBe(true);
    request.guest.end(`${OK}\r\nlate`);
    expect([await request.text, request.abandoned()]).toEqual(["late", 1]);
  });

  test("is waited for no longer than the grace", async () => {
    const request = await made({}, 0.05);
    request.guest.write(`${OK}\r\nfirst`);
    request.leave();
    expect(await request.text).toMatch(/^first!TestClientGone: /);
    expect(request.answers.count).toBe(0);
  });

  test("and wants no more ends the connection", async () => {
    const request = await made();
    request.guest.write(`${OK}\r\nfirst`);
    const body = await request.exchange.answer;
    await body.close?.();
    await expect.poll(request.hasEnded).toBe(true);
    expect([request.abandoned(), request.answers.count]).toEqual([1, 0]);
  });
});

describe("Another protocol", () => {
  test("goes in both directions, and ends with the application", async () => {
    const request = await offered(talking("ping"));
    request.guest.write(`${SWITCH}hello `);
    await expect.poll(() => request.heard().toString("latin1").slice(FRAME_HEADER_BYTES)).toBe("ping");
    request.guest.end("pong");
    expect(await request.text).toBe("hello pong");
    expect(request.heads).toEqual([{ status: "101 Switching Protocols", headers: [] }]);
  });

  test("ends with the client, after all that it has said", async () => {
    async function* leaving(): AsyncGenerator<Uint8Array, undefined> {
      yield Buffer.alloc(300_000, "x");
      yield Buffer.from("bye");
    }
    const request = await offered(leaving());
    request.leave();
    request.guest.write(SWITCH);
    await expect.poll(request.hasEnded).toBe(true);
    expect(request.heard().length).toBe(FRAME_HEADER_BYTES + 300_003);
    request.guest.end("bye, too");
    expect(await request.text).toBe("bye, too");
  });

  test("is cut off where the client is", async () => {
    async function* lost(): AsyncGenerator<Uint8Array, undefined> {
      yield Buffer.from("x");
      throw new Error("The client is gone");
    }
    const request = await offered(lost());
    request.guest.write(SWITCH);
    await expect.poll(request.hasEnded).toBe(true);
    await expect.poll(() => request.answers.count).toBe(0);
  });

  test("does not make the client wait for an application that does not read, nor keep what it says", async () => {
    let given = 0;
    async function* endless(): AsyncGenerator<Uint8Array, undefined> {
      for (;;) {
        given += 65_536;
        yield Buffer.alloc(65_536);
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    const request = await offered(endless());
    request.guest.pause();
    request.guest.write(`${SWITCH}hello`);
    const body = (await request.exchange.answer) as AsyncIterable<Uint8Array>;
    for await (const chunk of body) {
      expect(Buffer.from(chunk).toString()).toBe("hello");
      break;
    }
    let before = -1;
    await expect.poll(() => before === (before = given), { interval: 200, timeout: 10_000 }).toBe(true);
    expect(given).toBeLessThan(20_000_000);
  });

  test("must be the one that was asked for", async () => {
    const request = await offered(talking());
    request.guest.write(SWITCH.replace("chat", "other"));
    expect(await request.text).toMatch(/switched to the protocol "other"; expected "chat"/);
  });
});
