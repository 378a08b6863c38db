import { describe, expect, test } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import { readBytes, readJson, readText } from "./read-body.ts";
import type { WSGIApplication, WSGIEnvironment } from "./types.ts";

function told(read: (environ: WSGIEnvironment) => Promise<unknown>): TestClient {
  const application: WSGIApplication = async (environ, startResponse) => {
    const value = await read(environ);
    startResponse("200 OK", [["Content-Type", "application/json"]]);
    return [Buffer.from(JSON.stringify(value))];
  };
  return new TestClient(application);
}

async function* chunks(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

describe("readJson", () => {
  test.each([
    ['{"a":[1]}', { a: [1] }],
    ["null", null],
    ['{"__proto__":1}', JSON.parse('{"__proto__":1}')],
  ])("reads %s", async (body, value) => {
    expect((await told((environ) => readJson(environ)).post("/", { body })).json()).toEqual(value);
  });

  test.each([
    ["", 400, "Expected a body of JSON, got nothing"],
    ["{a:1}", 400, "Expected a body of JSON, got "],
    [new Uint8Array([0x22, 0xff, 0x22]), 400, "Expected a body in utf-8, got other bytes"],
    ["x".repeat(2_000_000), 413, "Expected a body of at most 1048576 bytes"],
  ])("refuses %s", async (body, status, message) => {
    const response = await told((environ) => readJson(environ)).post("/", { body });
    expect(response.status).toBe(status);
    expect(String(response.error)).toContain(message);
  });
});

describe("readText", () => {
  test("follows the charset of Content-Type", async () => {
    const client = told((environ) => readText(environ));
    const headers = { "Content-Type": 'text/plain; charset="iso-8859-1"' };
    expect((await client.post("/", { headers, body: Buffer.from("caf\u00E9", "latin1") })).json()).toBe("café");
    expect((await client.post("/", { body: "café" })).json()).toBe("café");
    const unknown = await client.post("/", { headers: { "Content-Type": "text/plain; charset=klingon" }, body: "x" });
    expect([unknown.status, String(unknown.error)]).toEqual([415, expect.stringContaining('got "klingon"')]);
  });
});

describe("readBytes", () => {
  const client = told(async (environ) => (await readBytes(environ, { limit: 5 })).length);

  test.each([
    ["12345", 200],
    ["123456", 413],
  ])("holds a body of known length to the limit: %s", async (body, status) => {
    expect((await client.post("/", { body })).status).toBe(status);
  });

  test.each([
    [["123", "45"], 200],
    [["123", "456", "never read"], 413],
  ])("holds a chunked body to the limit: %j", async (texts, status) => {
    expect((await client.post("/", { body: chunks(...texts) })).status).toBe(status);
  });
});
