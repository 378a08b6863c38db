// Copies of what passes.
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import type { WSGIApplication } from "../wsgi/types.ts";
import { validator } from "../wsgi/validator.ts";
import { filterFactory, tee, type CopiedExchange, type TeeOptions } from "./tee.ts";

const echo: WSGIApplication = validator(async (environ, startResponse) => {
  if (environ.PATH_INFO === "/throw") throw new Error("broken");
  const chunks: Uint8Array[] = [];
  if (environ.PATH_INFO === "/lines") for await (const line of environ["wsgi.input"]) chunks.push(line);
  else chunks.push(await environ["wsgi.input"].read(3), await environ["wsgi.input"].readline());
  startResponse("200 OK", [
    ["Content-Type", "text/plain"],
    ["Set-Cookie", "id=1"],
  ]);
  return [Buffer.from("got "), ...chunks];
});

async function exchangeOf(path: string, options: Partial<TeeOptions> = {}): Promise<CopiedExchange> {
  const exchanges: CopiedExchange[] = [];
  const client = new TestClient(tee({ sink: (exchange) => exchanges.push(exchange), ...options })(echo));
  const headers = { Authorization: "Bearer abc", "X-Note": "seen" };
  await client.post(path, { body: "one\ntwo\n", headers });
  expect(exchanges).toHaveLength(1);
  return exchanges[0] as CopiedExchange;
}

test("tee copies both heads and both bodies, without credentials", async () => {
  const exchange = await exchangeOf("/a?b=1");
  expect(exchange).toMatchObject({ method: "POST", target: "/a?b=1", status: "200 OK" });
  expect(exchange.requestHeaders).toEqual(
    expect.arrayContaining([
      ["authorization", "(hidden)"],
      ["x-note", "seen"],
      ["content-length", "8"],
    ]),
  );
  expect(exchange.responseHeaders).toEqual([
    ["Content-Type", "text/plain"],
    ["Set-Cookie", "(hidden)"],
  ]);
  expect(exchange.requestBody).toEqual({ bytes: Buffer.from("one\n"), isTruncated: false });
  expect(exchange.responseBody).toEqual({ bytes: Buffer.from("got one\n"), isTruncated: false });
});

test("tee hides what looks like a credential, in targets too", async () => {
  const exchanges: CopiedExchange[] = [];
  const client = new TestClient(tee({ sink: (exchange) => exchanges.push(exchange) })(echo));
  await client.post("/?token=abc&a=1", { headers: { "X-Api-Key": "abc", Referer: "https://shop.test/?token=abc" } });
  expect(JSON.stringify(exchanges)).not.toContain("abc");
  expect(exchanges[0]?.target).toBe("/?token=(hidden)&a=1");
});

test("tee copies what is read line by line, up to its limit", async () => {
  const exchange = await exchangeOf("/lines", { maxBytes: 6 });
  expect(exchange.requestBody).toEqual({ bytes: Buffer.from("one\ntw"), isTruncated: true });
  expect(exchange.responseBody).toEqual({ bytes: Buffer.from("got on"), isTruncated: true });
});

test("tee tells what was thrown", async () => {
  const exchange = await exchangeOf("/throw");
  expect([exchange.status, exchange.error]).toEqual(["", expect.stringContaining("Error: broken")]);
});

test("tee writes files, so many and no more", async () => {
  const directory = mkdtempSync(join(tmpdir(), "tsgi-tee-"));
  try {
    const application = filterFactory({}, { directory, max_files: "1", hide: "x-note" })(echo);
    const client = new TestClient(application, { raiseErrors: true });
    await client.post("/", { body: "one", headers: { "X-Note": "secret" } });
    await client.post("/", { body: "two" });
    const [name = "", ...others] = readdirSync(directory);
    expect(others).toEqual([]);
    const content = readFileSync(join(directory, name), "latin1");
    expect(content).toMatch(/^POST \/ HTTP\/1\.1\r\n[^]*\r\n\r\none\r\nHTTP\/1\.1 200 OK\r\n[^]*\r\n\r\ngot one\r\n$/);
    expect(content).toContain("x-note: (hidden)");
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test.each<[TeeOptions]>([[{}], [{ directory: "x", sink: () => undefined }]])("tee refuses %j", (options) => {
  expect(() => tee(options)).toThrow('one of the options "sink" and "directory"');
});
