import { describe, expect, test } from "vitest";

import { rawRequest } from "../../src/testing/raw-request.ts";
import type { WSGIApplication } from "../../src/wsgi/types.ts";
import { echoApp, ignoreApp } from "./applications.ts";
import { serve } from "./serve.ts";
import { bodiesOf, Wire } from "./wire.ts";

const head = (...fields: string[]): string =>
  `POST / HTTP/1.1\r\nHost: h\r\n${fields.map((field) => `${field}\r\n`).join("")}\r\n`;
const EXPECT = "Expect: 100-continue";
const CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";

/** Begins its answer, then reads. */
const answerFirstApp: WSGIApplication = (environ, startResponse) => {
  startResponse("200 OK", []);
  return (async function* answer() {
    yield Buffer.from("begun ");
    yield await environ["wsgi.input"].read();
  })();
};

describe("Expect: 100-continue", () => {
  test.each([
    ["a length", head(EXPECT, "Content-Length: 5"), "hello"],
    ["chunks", head(EXPECT, "Transfer-Encoding: chunked"), "5\r\nhello\r\n0\r\n\r\n"],
  ])("is answered when the application reads a body with %s; the connection goes on", async (_title, request, body) => {
    const { address } = await serve(echoApp);
    const wire = await Wire.open(address);
    wire.send(request);
    expect(await wire.until("\r\n\r\n")).toBe(CONTINUE);
    wire.send(body);
    await wire.until("hello");
    wire.send(head("Content-Length: 2") + "hi");
    await wire.until("hi");
    expect(wire.statuses).toEqual([100, 200, 200]);
  });

  test("is not answered when the body is already there", async () => {
    const { address } = await serve(echoApp);
    const { text } = await rawRequest(address, `${head(EXPECT, "Content-Length: 5", "Connection: close")}hello`);
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(bodiesOf(text)).toEqual(["hello"]);
  });

  test("is not answered when the application does not read, and the connection ends", async () => {
    const { address } = await serve(ignoreApp);
    const { text, end } = await rawRequest(address, head(EXPECT, "Content-Length: 5"));
    expect(text).toMatch(/^HTTP\/1\.1 200 .*Connection: close\r\n/s);
    expect(end).toBe("closed");
  });

  test("is not answered once the final answer has begun", async () => {
    const { address } = await serve(answerFirstApp);
    const wire = await Wire.open(address);
    wire.send(head(EXPECT, "Content-Length: 5"));
    await wire.until("begun");
    wire.send("hello");
    expect(await wire.ended()).not.toContain("100 Continue");
    expect(wire.text).toContain("hello");
    expect(wire.text).toMatch(/Connection: close\r\n/);
  });

  test.each([
    ["without a body", "GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n"],
    ["with an empty body", head(EXPECT, "Content-Length: 0")],
    ["in HTTP/1.0", "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi"],
  ])("is ignored %s", async (_title, request) => {
    const { address } = await serve(echoApp);
    const { text } = await rawRequest(address, request, { timeoutMs: 200 });
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("in pipelined requests is answered in turn", async () => {
    const { address } = await serve(echoApp);
    const wire = await Wire.open(address);
    wire.send(`${head("Content-Length: 1")}1${head(EXPECT, "Content-Length: 1")}`);
    await wire.until(CONTINUE);
    wire.send("2");
    await wire.until((text) => text.endsWith("\r\n\r\n2"));
    expect(wire.statuses).toEqual([200, 100, 200]);
  });

  test("that is unknown is refused with 417, and nothing behind it is read", async () => {
    const { address, entries } = await serve(echoApp);
    const { text, end } = await rawRequest(address, head("Expect: magic") + head());
    expect(text).toMatch(/^HTTP\/1\.1 417 /);
    expect([end, entries.length]).toEqual(["closed", 0]);
  });
});
