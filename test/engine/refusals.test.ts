import { setTimeout as sleep } from "node:timers/promises";

import { describe, expect, test } from "vitest";

import { rawRequest } from "../../src/testing/raw-request.ts";
import { answering, echoApp, ignoreApp, pathApp } from "./applications.ts";
import { LIMIT_CASES } from "./fixtures/heads.ts";
import { eventually, serve } from "./serve.ts";
import { bodiesOf, Wire } from "./wire.ts";

const REFUSED = LIMIT_CASES.filter(({ refuse }) => refuse !== undefined);

describe("a refusal", () => {
  test.each([
    ...REFUSED.map(({ title, refuse, bytes }) => ({ title, status: refuse, bytes })),
    { title: "no Host", status: 400, bytes: "GET / HTTP/1.1\r\n\r\n" },
    { title: "another version", status: 505, bytes: "GET / HTTP/2.0\r\n\r\n" },
    { title: "CONNECT", status: 501, bytes: "CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n" },
    { title: "an expectation", status: 417, bytes: "GET / HTTP/1.1\r\nHost: h\r\nExpect: x\r\n\r\n" },
    {
      title: "a body above the limit",
      status: 413,
      bytes: "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1073741825\r\n\r\n",
    },
  ])("has its status, fixed text, a length, and ends the connection: $title", async ({ status, bytes }) => {
    const { address, entries, refusals } = await serve(pathApp);
    const { text, end } = await rawRequest(address, bytes);
    expect(end).toBe("closed");
    expect(text).toMatch(
      new RegExp(`^HTTP/1\\.1 ${status} [A-Za-z ]+\\r\\nContent-Type: text/plain; charset=utf-8\\r\\nDate: `),
    );
    expect(text).toMatch(/\r\nConnection: close\r\n\r\n/);
    expect(bodiesOf(text)[0]).toMatch(new RegExp(`^${status} [A-Za-z ]+\n$`));
    expect(entries).toEqual([]);
    expect(refusals.map((refusal) => refusal.status)).toEqual([status]);
  });

  test("of HEAD has no body", async () => {
    const { address } = await serve(pathApp);
    const { text } = await rawRequest(address, "HEAD / HTTP/1.1\r\n\r\n");
    expect(text).toMatch(/^HTTP\/1\.1 400 .*\r\n\r\n$/s);
  });

  test.each([
    ["of a declared length", "Content-Length: 100000000\r\n\r\n", ""],
    ["in chunks", "Transfer-Encoding: chunked\r\n\r\n", "5f5e100\r\n"],
  ])("reaches a client that goes on sending a large body %s", async (_title, head, first) => {
    const { address } = await serve(echoApp, { limits: { maxBodyBytes: 1000 } });
    const wire = await Wire.open(address);
    wire.send(`POST / HTTP/1.1\r\nHost: h\r\n${head}${first}`);
    const block = Buffer.alloc(65_536);
    for (let sent = 0; sent < 30 && wire.ending === null; sent += 1) {
      wire.send(block);
      await sleep(1);
    }
    await wire.ended();
    expect(wire.statuses).toEqual([413]);
    expect(bodiesOf(wire.text)).toEqual(["413 Content Too Large\n"]);
  });

  test("reaches a client that reads only after it has sent everything", async () => {
    const { address } = await serve(echoApp, { limits: { maxBodyBytes: 1000 } });
    const wire = await Wire.open(address);
    wire.socket.pause();
    wire.send(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n`);
    for (let sent = 0; sent < 10; sent += 1) {
      wire.send(Buffer.alloc(20_000));
      await sleep(2);
    }
    wire.socket.resume();
    await wire.ended();
    expect(wire.statuses).toEqual([413]);
    expect(wire.ending).toBe("closed");
  });
});

describe("a body that passes its limit while it is read", () => {
  test("in chunks is answered with 413", async () => {
    const { address, errors } = await serve(echoApp, { limits: { maxBodyBytes: 10 } });
    const body = "6\r\n123456\r\n6\r\n123456\r\n0\r\n\r\n";
    const { text, end } = await rawRequest(
      address,
      `POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n${body}`,
    );
    expect(text).toMatch(/^HTTP\/1\.1 413 .*Connection: close/s);
    expect(end).toBe("closed");
    expect(errors()).toBe("");
  });

  test("or is nonsense is answered with 400, and nothing behind it is read", async () => {
    const { address, entries } = await serve(echoApp);
    const request =
      "POST /1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n";
    const { text, end } = await rawRequest(address, request);
    expect(text).toMatch(/^HTTP\/1\.1 400 .*Connection: close/s);
    expect(end).toBe("closed");
    expect(entries.map(({ environ }) => environ.PATH_INFO)).toEqual(["/1"]);
  });

  test("ends the connection even when the application does not read it", async () => {
    const { address, entries } = await serve(ignoreApp);
    const request =
      "POST /1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n";
    const { end } = await rawRequest(address, request);
    expect(end).toBe("closed");
    expect(entries.map(({ environ }) => environ.PATH_INFO)).toEqual(["/1"]);
  });
});

describe("maxConnections", () => {
  test("answers 503 while all others are busy", async () => {
    let finish: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const { address, server } = await serve(
      answering(async function* streaming() {
        yield Buffer.from("begun");
        await gate;
      }),
      { limits: { maxConnections: 2 } },
    );
    const busy = await Promise.all([Wire.open(address), Wire.open(address)]);
    for (const wire of busy) {
      wire.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
      await wire.until("begun");
    }
    const { text, end } = await rawRequest(address, "");
    expect(text).toMatch(/^HTTP\/1\.1 503 .*Retry-After: 1\r\n/s);
    expect(end).toBe("closed");
    finish();
    await Promise.all(busy.map((wire) => wire.until("0\r\n\r\n")));
    await eventually(() => server.connectionCount === 2);
    const later = await rawRequest(address, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    expect(later.text).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("lets an idle connection make room, but not one whose answer is still being sent", async () => {
    const body = Buffer.alloc(8_000_000, 120);
    const { address } = await serve(
      answering(() => [body]),
      { limits: { maxConnections: 2 } },
    );
    const slow = await Wire.open(address);
    slow.socket.pause();
    slow.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    const idle = await Wire.open(address);
    idle.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    await idle.until((text) => text.length > body.length);
    const third = await Wire.open(address);
    third.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    await third.until((text) => text.length > body.length);
    await idle.ended();
    slow.socket.resume();
    const text = await slow.until((received) => received.length > body.length);
    expect(text.length - text.indexOf("\r\n\r\n") - 4).toBe(body.length);
  });
});
