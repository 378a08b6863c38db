// Small settings, and assertions on what happened, never on when.
import { setTimeout as sleep } from "node:timers/promises";

import { describe, expect, test } from "vitest";

import { rawRequest } from "../../src/testing/raw-request.ts";
import { answering, echoApp, ignoreApp, pathApp } from "./applications.ts";
import { eventually, serve } from "./serve.ts";
import { statusesOf, Wire } from "./wire.ts";

const GET = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const patient = { timeoutMs: 20_000 };

/** Sends a byte now and then until the server ends the connection. */
async function drip(wire: Wire, byte: string): Promise<string> {
  while (wire.ending === null) {
    wire.send(byte);
    await sleep(50);
  }
  return wire.text;
}

describe("headTimeoutSeconds", () => {
  const limits = { headTimeoutSeconds: 0.5, keepAliveTimeoutSeconds: 60 };

  test("ends a connection that says nothing, without a word", async () => {
    const { address } = await serve(pathApp, { limits });
    expect(await rawRequest(address, "", patient)).toMatchObject({ text: "", end: "closed" });
  });

  test.each([
    ["half a head", "GET / HTTP/1.1\r\nHo"],
    ["a request line", "GET / HTTP/1.1\r\n"],
    ["one byte", "G"],
  ])("answers %s with 408", async (_title, bytes) => {
    const { address } = await serve(pathApp, { limits });
    const { text, end } = await rawRequest(address, bytes, patient);
    expect(text).toMatch(/^HTTP\/1\.1 408 .*Connection: close\r\n/s);
    expect(end).toBe("closed");
  });

  test("is not extended by more bytes (CVE-2018-12122)", async () => {
    const { address } = await serve(pathApp, { limits });
    const wire = await Wire.open(address);
    wire.send("GET /");
    expect(statusesOf(await drip(wire, "x"))).toEqual([408]);
  });

  test("counts for every request of a connection", async () => {
    const { address } = await serve(pathApp, { limits });
    const { text } = await rawRequest(address, `${GET}GET / HT`, patient);
    expect(statusesOf(text)).toEqual([200, 408]);
  });

  test("says nothing to a client that sent only empty lines behind a request (CVE-2026-48931)", async () => {
    const { address } = await serve(pathApp, { limits });
    const { text, end } = await rawRequest(address, `${GET}\r\n`, patient);
    expect(statusesOf(text)).toEqual([200]);
    expect(end).toBe("closed");
  });
});

test("keepAliveTimeoutSeconds ends an idle connection without a word", async () => {
  const { address } = await serve(pathApp, { limits: { keepAliveTimeoutSeconds: 0.5 } });
  const { text, end } = await rawRequest(address, GET, patient);
  expect(statusesOf(text)).toEqual([200]);
  expect(end).toBe("closed");
});

describe("bodyTimeoutSeconds", () => {
  const limits = { bodyTimeoutSeconds: 0.5 };

  test.each([
    ["Content-Length: 10\r\n\r\nhalf"],
    ["Content-Length: 10\r\n\r\n"],
    ["Transfer-Encoding: chunked\r\n\r\n5\r\nhe"],
    ["Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n0\r\nA: b\r\n"],
  ])("answers a body that stops with 408: %j", async (rest) => {
    const { address, errors } = await serve(echoApp, { limits });
    const { text, end } = await rawRequest(address, `POST / HTTP/1.1\r\nHost: h\r\n${rest}`, patient);
    expect(text).toMatch(/^HTTP\/1\.1 408 .*Connection: close\r\n/s);
    expect(end).toBe("closed");
    expect(errors()).toBe("");
  });

  test("does not run while the application does not read", async () => {
    const { address } = await serve(
      async (environ, startResponse) => {
        await sleep(2000);
        return echoApp(environ, startResponse);
      },
      { limits },
    );
    const wire = await Wire.open(address);
    wire.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\na");
    await sleep(1800);
    wire.send("b");
    expect(statusesOf(await wire.until("\r\n\r\nab"))).toEqual([200]);
  });
});

describe("what a client sent while the event loop was blocked is read before any deadline is looked at:", () => {
  const limits = { headTimeoutSeconds: 0.5, keepAliveTimeoutSeconds: 0.5, bodyTimeoutSeconds: 0.5 };
  const POST = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n";

  test.each([
    ["the next request of an idle connection", GET, GET],
    ["the rest of a head", `${GET}GET / HT`, "TP/1.1\r\nHost: h\r\n\r\n"],
    ["the rest of a body", `${GET}${POST}a`, "b"],
  ])("%s", async (_title, before, meanwhile) => {
    const { address } = await serve(echoApp, { limits });
    const wire = await Wire.open(address);
    wire.send(before);
    await wire.until(() => wire.statuses.length === 1);
    wire.send(meanwhile);
    for (const end = Date.now() + 2500; Date.now() < end;);
    await wire.until(() => wire.statuses.length === 2 || wire.ending !== null);
    // The time to send another one begins with the answer, not before what was missed.
    wire.send(GET);
    await wire.until(() => wire.statuses.length === 3 || wire.ending !== null);
    expect(wire.statuses).toEqual([200, 200, 200]);
  });
});

test("minBodyBytesPerSecond ends a body that never stops but never comes", async () => {
  const { address } = await serve(echoApp, { limits: { minBodyBytesPerSecond: 1000, bodyTimeoutSeconds: 1000 } });
  const wire = await Wire.open(address);
  wire.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n");
  expect(statusesOf(await drip(wire, "x"))).toEqual([408]);
});

describe("writeTimeoutSeconds", () => {
  const limits = { writeTimeoutSeconds: 0.5, keepAliveTimeoutSeconds: 1000 };

  test.each([
    ["a list", () => [Buffer.alloc(30_000_000)]],
    [
      "a generator",
      function* blocks(): Generator<Uint8Array> {
        for (;;) yield Buffer.alloc(65_536);
      },
    ],
  ])("ends the connection of a client that does not read %s", async (_title, body) => {
    const { address, server, entries } = await serve(answering(body), { limits });
    const wire = await Wire.open(address);
    wire.socket.pause();
    wire.send(GET);
    await eventually(() => server.connectionCount === 1);
    await eventually(() => server.connectionCount === 0);
    expect(entries).toHaveLength(1);
  });

  test("also ends one whose answer is complete but not yet sent", async () => {
    const { address, server } = await serve(
      answering(() => [Buffer.alloc(30_000_000)]),
      { limits },
    );
    const wire = await Wire.open(address);
    wire.socket.pause();
    wire.send("GET / HTTP/1.0\r\n\r\n");
    await eventually(() => server.connectionCount === 1);
    await eventually(() => server.connectionCount === 0);
    wire.socket.resume();
    await wire.ended();
    expect(wire.text.length).toBeLessThan(30_000_000);
  });
});

describe("lingerSeconds", () => {
  const limits = { lingerSeconds: 0.5 };

  test.each([
    ["HTTP/1.0", "GET / HTTP/1.0\r\n\r\n"],
    ["Connection: close", "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"],
    ["a request with an unread body", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n"],
  ])("does not cut an answer of %s to a slow client", async (_title, request) => {
    const size = 12_000_000;
    const { address } = await serve(
      answering(() => [Buffer.alloc(size, 120)]),
      { limits },
    );
    const wire = await Wire.open(address);
    wire.socket.pause();
    wire.send(request);
    for (let pause = 0; pause < 6; pause += 1) {
      await sleep(500);
      wire.socket.resume();
      await sleep(2);
      wire.socket.pause();
    }
    wire.socket.resume();
    const text = await wire.until((received) => received.length >= size);
    expect(text.length - text.indexOf("\r\n\r\n") - 4).toBe(size);
  });

  test("ends the connection of a client that does not end its own side", async () => {
    const { address, server } = await serve(ignoreApp, { limits });
    const wire = await Wire.open(address);
    wire.send("GET / HTTP/1.0\r\n\r\n");
    expect(statusesOf(await wire.ended())).toEqual([200]);
    await eventually(() => server.connectionCount === 0);
  });

  test("ends the connection of a client that goes on sending for ever", async () => {
    const { address, server } = await serve(ignoreApp, { limits });
    const wire = await Wire.open(address);
    wire.send("GET / HTTP/1.0\r\n\r\n");
    await wire.ended();
    const block = "x".repeat(10_000);
    while (server.connectionCount > 0) {
      wire.send(block);
      await sleep(10);
    }
    expect(wire.statuses).toEqual([200]);
  });

  test("ends the wait for a body that nobody read", async () => {
    const { address } = await serve(ignoreApp, { limits });
    const { text, end } = await rawRequest(
      address,
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab",
      patient,
    );
    expect(statusesOf(text)).toEqual([200]);
    expect(end).toBe("closed");
  });
});
