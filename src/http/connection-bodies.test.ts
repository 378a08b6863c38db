// The body of a request on its connection: what may stay unread, when its reader waits, and what becomes of the connection if it breaks.
import { setImmediate as turn } from "node:timers/promises";

import { describe, expect, test } from "vitest";

import { answer, openConnection } from "../../test/engine/connection-bench.ts";
import type { Exchange } from "./exchange.ts";

const GET = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const post = (length: number, ...fields: string[]): string =>
  ["POST / HTTP/1.1", "Host: h", `Content-Length: ${length}`, ...fields, "", ""].join("\r\n");
const CHUNKED = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
const isLast = (sent: string): boolean => sent.includes("Connection: close");

/** Sends the head of an answer and a first piece of its body. */
function beginAnswer(exchange: Exchange | undefined): void {
  exchange?.announce("200 OK", []);
  exchange?.send(Buffer.from("begun"));
}

describe("a body", () => {
  test("of length 0 is none", () => {
    const { socket, exchanges } = openConnection();
    socket.receive(post(0));
    expect(exchanges[0]?.body).toBeNull();
  });

  test.each([
    [10, 10, 1],
    [11, 10, 0],
    [11, 0, 1],
  ])("of %i bytes, where %i are allowed (0: any number), reaches %i application", (length, maxBodyBytes, count) => {
    const { socket, exchanges } = openConnection({ maxBodyBytes });
    socket.receive(post(length));
    expect(exchanges.length).toBe(count);
  });

  test("ends for its reader when its last byte was read", () => {
    const { socket, exchanges } = openConnection();
    socket.receive(`${post(2)}ab`);
    const { body } = exchanges[0] ?? {};
    expect([body?.pull(), body?.pull()]).toEqual([Buffer.from("ab"), null]);
  });

  test("that is here already is read to its end, also where its reader was slow", () => {
    const { socket, exchanges } = openConnection();
    socket.receive(post(131_073));
    for (const size of [65_536, 65_536, 1]) socket.receive("x".repeat(size));
    const { body } = exchanges[0] ?? {};
    let bytes = 0;
    for (let chunk = body?.pull(); Buffer.isBuffer(chunk); chunk = body?.pull()) bytes += chunk.length;
    expect(bytes).toBe(131_073);
  });

  test("holds up its client each time that the reader is slow", () => {
    const { socket, exchanges } = openConnection();
    socket.receive(post(1_000_000));
    const { body } = exchanges[0] ?? {};
    for (let round = 0; round < 3; round += 1) {
      while (!socket.isPaused()) socket.receive("x".repeat(65_536));
      while (socket.isPaused()) void body?.pull();
    }
    expect(exchanges.length).toBe(1);
  });

  test("in chunks whose end has come, but was not looked at yet, lets the connection go on", () => {
    const { socket, exchanges, connection } = openConnection();
    socket.receive(`${CHUNKED}10000\r\n${"a".repeat(65_536)}`);
    socket.receive("\r\n1\r\nb\r\n0\r\n\r\n");
    answer(exchanges[0]);
    expect([isLast(socket.sent), connection.state]).toEqual([false, "idle"]);
  });
});

describe("a body that was not read when its answer is complete", () => {
  test("is thrown away in any number of pieces", async () => {
    const { socket, exchanges, connection } = openConnection();
    socket.receive(post(5000));
    answer(exchanges[0]);
    for (let bytes = 0; bytes < 5000; bytes += 1) socket.receive("x");
    expect([connection.state, socket.isPaused()]).toEqual(["idle", false]);
    socket.receive(GET);
    await turn();
    expect(exchanges.length).toBe(2);
  });

  test("cannot be read any more", async () => {
    const { socket, exchanges } = openConnection();
    socket.receive(`${post(10)}abc`);
    const { body } = exchanges[0] ?? {};
    answer(exchanges[0]);
    expect(() => body?.pull()).toThrow(expect.objectContaining({ code: "ERR_HTTP_CLIENT_DISCONNECTED" }));

    const waiting = openConnection();
    waiting.socket.receive(post(10));
    const pulled = waiting.exchanges[0]?.body?.pull();
    answer(waiting.exchanges[0]);
    await expect(pulled).rejects.toMatchObject({ code: "ERR_HTTP_CLIENT_DISCONNECTED" });
  });

  test("has the time to linger, not that to be idle", () => {
    const { socket, exchanges, connection, wait } = openConnection({ keepAliveTimeoutSeconds: 20, lingerSeconds: 4 });
    socket.receive(post(10));
    answer(exchanges[0]);
    wait(3);
    expect(connection.state).toBe("discard");
    wait(3);
    expect(connection.state).toBe("closed");
  });
});

describe("a body that breaks when the head of its answer has left", () => {
  test.each([
    ["by bytes that cannot be understood", "no length\r\n", 0, "ERR_HTTP_CHUNK"],
    ["by silence", "", 40, "ERR_HTTP_BODY_TIMEOUT"],
  ])("%s fails for its reader, and nothing behind it is taken for a request", async (_title, bytes, seconds, code) => {
    const { socket, exchanges, connection, wait } = openConnection({ maxUnreadBodyBytes: Number.POSITIVE_INFINITY });
    socket.receive(CHUNKED);
    beginAnswer(exchanges[0]);
    expect(isLast(socket.sent)).toBe(false);
    const pulled = exchanges[0]?.body?.pull();
    socket.receive(bytes);
    wait(seconds);
    await expect(pulled).rejects.toMatchObject({ code });
    exchanges[0]?.finish();
    expect(connection.state).toBe("linger");
    socket.receive(GET);
    await turn();
    expect(exchanges.length).toBe(1);
  });

  test("in bytes that the slow reader has not come to: it reads what is good", async () => {
    const { socket, exchanges } = openConnection();
    socket.receive(`${CHUNKED}10000\r\n${"a".repeat(65_536)}`);
    socket.receive("\r\nno length\r\n");
    beginAnswer(exchanges[0]);
    expect(isLast(socket.sent)).toBe(true);
    const { body } = exchanges[0] ?? {};
    expect(await body?.pull()).toHaveLength(65_536);
    expect(() => body?.pull()).toThrow(expect.objectContaining({ code: "ERR_HTTP_CHUNK" }));
  });
});

describe("the time for a body", () => {
  test("is not that in which the application does something else", () => {
    const { socket, exchanges, wait } = openConnection({ minBodyBytesPerSecond: 10 });
    socket.receive(`${post(10_000)}${"x".repeat(100)}`);
    const { body } = exchanges[0] ?? {};
    expect(body?.pull()).toHaveLength(100);
    wait(100);
    socket.receive("x".repeat(100));
    expect(body?.pull()).toHaveLength(100);
    void body?.pull();
    wait(15);
    socket.receive("x");
    answer(exchanges[0]);
    expect(socket.sent).toContain("200 OK");
  });

  test("is up for many short waits that brought too little", async () => {
    const { socket, exchanges, wait } = openConnection();
    socket.receive(post(10_000));
    const { body } = exchanges[0] ?? {};
    for (let round = 0; round < 2; round += 1) {
      const pulled = body?.pull();
      wait(5);
      socket.receive("x");
      await expect(pulled).resolves.toHaveLength(1);
    }
    const last = body?.pull();
    wait(5);
    await expect(last).rejects.toMatchObject({ code: "ERR_HTTP_BODY_TIMEOUT" });
  });

  test("goes on while only the frame of a chunk comes", async () => {
    const { socket, exchanges, wait } = openConnection();
    socket.receive(CHUNKED);
    const pulled = exchanges[0]?.body?.pull();
    for (let seconds = 0; seconds < 40; seconds += 1) {
      socket.receive(seconds === 0 ? "1" : seconds === 1 ? ";" : "a");
      wait(1);
    }
    await expect(pulled).rejects.toMatchObject({ code: "ERR_HTTP_BODY_TIMEOUT" });
  });
});

describe("100 Continue", () => {
  const EXPECTING = post(5, "Expect: 100-continue");
  const CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";

  test("lets the connection go on when the body has come", () => {
    const { socket, exchanges, connection } = openConnection();
    socket.receive(EXPECTING);
    void exchanges[0]?.body?.pull();
    expect(socket.sent).toBe(CONTINUE);
    socket.receive("hello");
    answer(exchanges[0]);
    expect([isLast(socket.sent), connection.state]).toEqual([false, "idle"]);
  });

  test("is not sent within an answer", () => {
    const { socket, exchanges } = openConnection();
    socket.receive(EXPECTING);
    beginAnswer(exchanges[0]);
    void exchanges[0]?.body?.pull();
    expect(socket.sent).not.toContain(CONTINUE);
  });

  test("is not sent to a client that has begun to send, although the body is not complete", () => {
    const { socket, exchanges } = openConnection();
    socket.receive(`${EXPECTING}he`);
    expect(exchanges[0]?.body?.pull()).toEqual(Buffer.from("he"));
    void exchanges[0]?.body?.pull();
    expect(socket.sent).toBe("");
  });

  test("is not sent when the body came with the head, and the application asks for it at once", () => {
    const { socket } = openConnection({}, (exchange) => void exchange.body?.pull());
    socket.receive(`${EXPECTING}hello`);
    expect(socket.sent).toBe("");
  });
});
