// When 304 is the answer.
import { describe, expect, test } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import type { HeaderList, WSGIApplication } from "../wsgi/types.ts";
import { validator } from "../wsgi/validator.ts";
import { conditionalGet, filterFactory, matchesEtag, parseHttpDate } from "./conditional-get.ts";

const DATE = "Sun, 06 Nov 1994 08:49:37 GMT";
const LATER = "Sun, 06 Nov 1994 08:49:38 GMT";
const EARLIER = "Sun, 06 Nov 1994 08:49:36 GMT";

function page(closed: string[] = [], status = "200 OK"): WSGIApplication {
  const headers: HeaderList = [
    ["Content-Type", "text/plain"],
    ["Content-Length", "5"],
    ["Content-Language", "en"],
    ["Content-Digest", "sha-256=:x:"],
    ["Content-MD5", "x"],
    ["ETag", '"v1"'],
    ["Last-Modified", DATE],
    ["Cache-Control", "max-age=1"],
  ];
  return validator((environ, startResponse) => {
    startResponse(status, headers);
    const body = environ.REQUEST_METHOD === "HEAD" ? [] : [Buffer.from("hello")];
    return Object.assign(body, { close: () => void closed.push("closed") });
  });
}

describe("conditionalGet answers", () => {
  test.each<[status: number, method: string, headers: Record<string, string>]>([
    [200, "GET", {}],
    [304, "GET", { "If-None-Match": '"v1"' }],
    [304, "HEAD", { "If-None-Match": '"v0", W/"v1"' }],
    [304, "GET", { "If-None-Match": "*" }],
    [200, "GET", { "If-None-Match": '"v2"' }],
    [200, "GET", { "If-None-Match": '"v2"', "If-Modified-Since": LATER }],
    [304, "GET", { "If-Modified-Since": DATE }],
    [304, "GET", { "If-Modified-Since": LATER }],
    [200, "GET", { "If-Modified-Since": EARLIER }],
    [200, "GET", { "If-Modified-Since": "tomorrow" }],
    [200, "GET", { "If-Modified-Since": "2" }],
    [200, "POST", { "If-None-Match": '"v1"' }],
  ])("%i to %s with %j", async (status, method, headers) => {
    const closed: string[] = [];
    const client = new TestClient(conditionalGet()(page(closed)), { raiseErrors: true });
    const response = await client.request(method, "/", { headers });
    expect(response.status).toBe(status);
    expect(closed).toEqual(["closed"]);
    const names = response.headers.keys().map((name) => name.toLowerCase());
    expect(names.filter((name) => name.startsWith("content-"))).toHaveLength(status === 304 ? 0 : 5);
    expect(names).toEqual(expect.arrayContaining(["etag", "last-modified", "cache-control"]));
  });

  test("other statuses than 200 as they are", async () => {
    const client = new TestClient(filterFactory({}, {})(page([], "404 Not Found")), { raiseErrors: true });
    expect((await client.get("/", { headers: { "If-None-Match": "*" } })).status).toBe(404);
  });

  test("a generator, which says its head late", async () => {
    const application = validator(async function* lazily(_environ, startResponse) {
      startResponse("200 OK", [
        ["Content-Type", "text/plain"],
        ["ETag", '"v1"'],
      ]);
      yield Buffer.from("hello");
    } as WSGIApplication);
    const client = new TestClient(conditionalGet()(application), { raiseErrors: true });
    expect((await client.get("/", { headers: { "If-None-Match": '"v1"' } })).status).toBe(304);
    expect((await client.get("/", { headers: { "If-None-Match": '"v2"' } })).text()).toBe("hello");
  });
});

test.each<[string, number | null]>([
  [DATE, 784_111_777_000],
  ["Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777_000],
  ["Sun Nov  6 08:49:37 1994", 784_111_777_000],
  ["Sun, 06 Nov 1994 08:49:37", null],
  ["Sun, 99 Nov 1994 08:49:37 GMT", null],
  ["1994-11-06T08:49:37Z", null],
  ["", null],
])("parseHttpDate reads %j as %j", (text, time) => {
  expect(parseHttpDate(text)).toBe(time);
});

test.each<[list: string, tag: string, weak: boolean, strong: boolean]>([
  ['"a"', '"a"', true, true],
  ['W/"a"', '"a"', true, false],
  ['"a"', 'W/"a"', true, false],
  ['"b", "a"', '"a"', true, true],
  ['"a,b"', '"a,b"', true, true],
  ["a", '"a"', false, false],
  ["*", '"a"', true, true],
])("matchesEtag finds in %j the tag %j: weakly %j, strongly %j", (list, tag, weak, strong) => {
  expect([matchesEtag(list, tag, "weak"), matchesEtag(list, tag, "strong")]).toEqual([weak, strong]);
});
