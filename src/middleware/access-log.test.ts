// Lines of the access log.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type TestRequestOptions, TestClient } from "../testing/test-client.ts";
import type { WSGIApplication } from "../wsgi/types.ts";
import { validator } from "../wsgi/validator.ts";
import { accessLog, filterFactory, type AccessLogOptions } from "./access-log.ts";

const hello: WSGIApplication = validator((environ, startResponse) => {
  if (environ.PATH_INFO === "/throw") throw Object.assign(new Error("no"), { status: 409 });
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return environ.REQUEST_METHOD === "HEAD" ? [] : [Buffer.from("hello")];
});

async function lineOf(
  options: AccessLogOptions,
  path = "/",
  request: TestRequestOptions = {},
  app = hello,
): Promise<string> {
  const lines: string[] = [];
  const client = new TestClient(accessLog({ write: (line) => lines.push(line), ...options })(app));
  await client.get(path, request);
  expect(lines).toHaveLength(1);
  return lines[0] ?? "";
}

const TIME = String.raw`\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\]`;

describe("accessLog writes", () => {
  test("Apache's formats", async () => {
    const headers = { Referer: "http://a.test/", "User-Agent": "Mozilla" };
    const common = new RegExp(String.raw`^127\.0\.0\.1 - - ${TIME} "GET /a\?b=1 HTTP/1\.1" 200 5$`);
    expect(await lineOf({ format: "common" }, "/a?b=1", { headers })).toMatch(common);
    expect(await lineOf({}, "/a?b=1", { headers })).toMatch(/ 200 5 "http:\/\/a\.test\/" "Mozilla"$/);
    expect(await lineOf({})).toMatch(/ 200 5 "-" "-"$/);
  });

  test("JSON", async () => {
    const line = await lineOf({ format: "json" }, "/a?b=1", { headers: { "User-Agent": 'x"y' } });
    expect(JSON.parse(line)).toMatchObject({
      remoteAddress: "127.0.0.1",
      method: "GET",
      target: "/a?b=1",
      status: 200,
      bytes: 5,
      isComplete: true,
      userAgent: 'x"y',
    });
  });

  test("nothing that forges a line", async () => {
    const line = await lineOf({}, "/%22x", { headers: { "User-Agent": 'a" \u009bb\\ "GET / HTTP/1.1" 200' } });
    expect(line).toContain(String.raw`"a\x22 \x9Bb\x5C \x22GET / HTTP/1.1\x22 200"`);
  });

  test("the status of what is thrown", async () => {
    expect(await lineOf({ format: "common" }, "/throw")).toMatch(/" 409 -$/);
    const rejecting: WSGIApplication = () => Promise.reject(new Error("no"));
    expect(await lineOf({ format: "common" }, "/", {}, rejecting)).toMatch(/" 500 -$/);
  });

  test("a response when it is over, complete or not", async () => {
    const endless = validator((_environ, startResponse) => {
      startResponse("200 OK", [["Content-Type", "text/plain"]]);
      return {
        async *[Symbol.asyncIterator]() {
          for (;;) {
            yield Buffer.from("more");
            await new Promise(setImmediate);
          }
        },
      };
    });
    const line = await lineOf({ format: "json" }, "/", { leaveAfterBytes: 1 }, endless);
    expect(JSON.parse(line)).toMatchObject({ status: 200, isComplete: false });
  });
});

test("accessLog writes to wsgi.errors unless it is told otherwise", async () => {
  const response = await new TestClient(filterFactory({}, { format: "common" })(hello), { raiseErrors: true }).get("/");
  expect(response.errors).toMatch(/" 200 5\n$/);
});

test("accessLog appends to a file", async () => {
  const directory = mkdtempSync(join(tmpdir(), "tsgi-access-"));
  try {
    const file = join(directory, "access.log");
    const client = new TestClient(filterFactory({}, { file, format: "common" })(hello), { raiseErrors: true });
    await client.get("/one");
    await client.get("/two");
    await expect.poll(() => readFileSync(file, "utf8").split("\n")).toHaveLength(3);
    expect(readFileSync(file, "utf8")).toMatch(/"GET \/one .*\n.*"GET \/two .*\n$/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("filterFactory refuses a format that it does not know", () => {
  expect(() => filterFactory({}, { format: "%(h)s" })).toThrow('expected one of "common", "combined", "json"');
});
