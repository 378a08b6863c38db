import { setTimeout as sleep } from "node:timers/promises";

import { describe, expect, test } from "vitest";

import { rawRequest } from "../../src/testing/raw-request.ts";
import type { HeaderList, WSGIApplication, WSGIBody } from "../../src/wsgi/types.ts";
import { answering, CountedBody, ignoreApp, pathApp } from "./applications.ts";
import { serve } from "./serve.ts";
import { statusesOf, Wire } from "./wire.ts";

const request = (method = "GET", version = "1.1", path = "/"): string =>
  `${method} ${path} HTTP/${version}\r\nHost: h\r\n\r\n`;
const LAST = "GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
const length = (count: number | string): HeaderList => [["Content-Length", String(count)]];
const fieldsOf = (text: string): string[] =>
  text
    .slice(0, text.indexOf("\r\n\r\n"))
    .split("\r\n")
    .slice(1)
    .filter((field) => !field.startsWith("Date: "));
const bodyOf = (text: string): string => text.slice(text.indexOf("\r\n\r\n") + 4);

/** An application that serves `first` at `/` and something ordinary at `/last`. */
const withLast =
  (first: WSGIApplication): WSGIApplication =>
  (environ, startResponse) =>
    (environ.PATH_INFO === "/last" ? pathApp : first)(environ, startResponse);

async function* later(...chunks: string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    await Promise.resolve();
    yield bytes(chunk);
  }
}
function* soon(...chunks: string[]): Generator<Uint8Array> {
  for (const chunk of chunks) yield bytes(chunk);
}

describe("framing", () => {
  const chunkedAB = "1\r\na\r\n1\r\nb\r\n0\r\n\r\n";
  const rows: [
    title: string,
    status: string,
    headers: HeaderList,
    body: () => WSGIBody,
    method: string,
    fields: string[],
    sent: string,
  ][] = [
    ["a list of one", "200 OK", [], () => [bytes("ab")], "GET", ["Content-Length: 2"], "ab"],
    ["a list of several", "200 OK", [], () => [bytes("a"), bytes(""), bytes("b")], "GET", ["Content-Length: 2"], "ab"],
    ["an empty list", "200 OK", [], () => [], "GET", ["Content-Length: 0"], ""],
    ["a generator", "200 OK", [], () => soon("a", "", "b"), "GET", ["Transfer-Encoding: chunked"], chunkedAB],
    ["an async generator", "200 OK", [], () => later("a", "", "b"), "GET", ["Transfer-Encoding: chunked"], chunkedAB],
    ["a generator of nothing", "200 OK", [], () => soon("", ""), "GET", ["Content-Length: 0"], ""],
    ["a known length", "200 OK", length(2), () => soon("a", "b"), "GET", ["Content-Length: 2"], "ab"],
    ["HEAD of a list", "200 OK", [], () => [bytes("ab")], "HEAD", ["Content-Length: 2"], ""],
    ["HEAD of a generator", "200 OK", [], () => soon("a", "b"), "HEAD", [], ""],
    ["HEAD of a known length", "200 OK", length(99), () => [], "HEAD", ["Content-Length: 99"], ""],
    ["204", "204 No Content", [], () => [], "GET", [], ""],
    ["204 with a body", "204 No Content", [], () => [bytes("ab")], "GET", [], ""],
    ["204 with a length", "204 No Content", length(0), () => soon("ab"), "GET", [], ""],
    ["304", "304 Not Modified", [], () => [], "GET", [], ""],
    ["304 with a length", "304 Not Modified", length(99), () => soon("ab"), "GET", ["Content-Length: 99"], ""],
    ["a status without a reason", "299 ", [], () => [bytes("a")], "GET", ["Content-Length: 1"], "a"],
  ];

  test.each(rows)("of %s", async (_title, status, headers, body, method, fields, sent) => {
    const { address, errors } = await serve(withLast(answering(body, status, headers)));
    const { text } = await rawRequest(address, request(method) + LAST);
    expect(fieldsOf(text)).toEqual(fields);
    const next = text.lastIndexOf("HTTP/1.1 200 OK");
    expect(bodyOf(text.slice(0, next))).toBe(sent);
    expect(text.endsWith("/last")).toBe(true);
    expect(errors()).toBe("");
  });

  test.each(["GET", "HEAD"])("of %s in HTTP/1.0 has no chunks", async (method) => {
    const { address } = await serve(answering(() => later("a", "b"), "200 OK", []));
    const { text, end } = await rawRequest(address, request(method, "1.0"));
    expect(fieldsOf(text)).toEqual(["Connection: close"]);
    expect([bodyOf(text), end]).toEqual([method === "GET" ? "ab" : "", "closed"]);
  });

  test.each([
    ["now", () => new CountedBody(endless())],
    ["later", () => endlessLater()],
  ])("of a body without an end, made %s: HEAD and 304 do not wait for it", async (_how, body) => {
    const { address } = await serve(withLast(answering(body as () => WSGIBody, "200 OK", [])));
    const { text } = await rawRequest(address, request("HEAD") + LAST);
    expect(statusesOf(text)).toEqual([200, 200]);
    expect(text.endsWith("/last")).toBe(true);
  });

  test("has a Date, the application's if it gives one", async () => {
    const { address } = await serve(ignoreApp);
    const { text } = await rawRequest(address, LAST);
    const [, date = ""] = /^Date: (.*)\r$/m.exec(text) ?? [];
    expect(date).toMatch(/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/);
    expect(Math.abs(Date.parse(date) - Date.now())).toBeLessThan(5000);
    const own = await serve(answering(() => [], "200 OK", [["date", "Thu, 01 Jan 1970 00:00:00 GMT"]]));
    expect((await rawRequest(own.address, LAST)).text.match(/^date: .*$/gim)).toEqual([
      "date: Thu, 01 Jan 1970 00:00:00 GMT",
    ]);
  });
});

function* endless(): Generator<Uint8Array> {
  for (;;) yield bytes("x");
}
async function* endlessLater(): AsyncGenerator<Uint8Array> {
  for (;;) {
    await new Promise(setImmediate);
    yield bytes("x");
  }
}

describe("a wrong Content-Length", () => {
  test.each([
    ["a list that is too short", length(3), () => [bytes("ab")]],
    ["a list that is too long", length(1), () => [bytes("ab")]],
    ["a first chunk that is too long", length(1), () => soon("ab")],
    ["no chunk at all", length(1), () => soon()],
  ])("%s is answered with 500, and the connection goes on", async (_title, headers, body) => {
    const { address, errors } = await serve(withLast(answering(body as () => WSGIBody, "200 OK", headers)));
    const { text } = await rawRequest(address, request() + LAST);
    expect(statusesOf(text)).toEqual([500, 200]);
    expect(errors()).toContain("The response body does not match Content-Length");
  });

  test.each([
    ["now", () => soon("a", "b")],
    ["later", () => later("a", "b")],
  ])("too few chunks, given %s, break the connection", async (_title, body) => {
    const { address, errors, entries } = await serve(withLast(answering(body as () => WSGIBody, "200 OK", length(3))));
    const { text } = await rawRequest(address, request() + LAST);
    expect(text.endsWith("\r\n\r\nab")).toBe(true);
    expect(errors()).toContain("3 announced, 2 given");
    expect(entries).toMatchObject([{ isAborted: true, bodyBytes: 2 }]);
  });

  test.each([
    ["now", () => soon("a", "bcd", "e")],
    ["later", () => later("a", "bcd", "e")],
    ["behind the end", () => soon("a", "bc", "e")],
  ])("too many chunks, given %s, are cut, and the connection ends", async (_title, body) => {
    const { address, errors } = await serve(withLast(answering(body as () => WSGIBody, "200 OK", length(3))));
    const { text, end } = await rawRequest(address, request() + LAST);
    expect(bodyOf(text)).toBe("abc");
    expect(end).toBe("closed");
    expect(errors()).toContain("3 announced");
  });
});

describe("an error of the application", () => {
  const failing: [string, WSGIApplication][] = [
    ["throws at once", () => boom()],
    ["rejects", () => Promise.reject(new Error("boom secret"))],
    ["throws behind startResponse", (environ, start) => (ignoreApp(environ, start), boom())],
    ["fails in the first chunk", answering(() => failingBody())],
    ["fails in the first chunk, later", answering(() => failingBodyLater())],
    ["never calls startResponse", () => [bytes("x")]],
    ["returns a string", answering(() => "text" as unknown as WSGIBody)],
    ["returns bytes", answering(() => bytes("x") as unknown as WSGIBody)],
    ["returns nothing", answering(() => undefined as unknown as WSGIBody)],
    ["yields a string", answering(() => ["text"] as unknown as WSGIBody)],
    [
      "throws undefined",
      () => {
        throw undefined;
      },
    ],
    [
      "throws an odd status",
      () => {
        throw Object.assign(new Error("odd"), { fault: "remote", status: 42 });
      },
    ],
  ];
  test.each(failing)("that %s is answered with 500, and the connection goes on", async (_title, application) => {
    const { address } = await serve(withLast(application));
    const { text } = await rawRequest(address, request() + LAST);
    expect(statusesOf(text)).toEqual([500, 200]);
    expect(text).not.toContain("secret");
  });

  test("is logged with the request and the stack", async () => {
    const { address, errors } = await serve(() => boom());
    await rawRequest(address, LAST);
    expect(errors()).toMatch(/Error handling GET \/last: Error: boom secret\n +at /);
  });

  test.each([
    ["now", "1.1", () => failingBody("a")],
    ["later", "1.1", () => failingBodyLater("a")],
    ["later", "1.0", () => failingBodyLater("a")],
  ])("behind the first byte, thrown %s in HTTP/%s, breaks the connection", async (_how, version, body) => {
    const { address, errors, entries } = await serve(withLast(answering(body, "200 OK", [])));
    const exchange = await rawRequest(address, request("GET", version) + LAST);
    expect(exchange.text).not.toContain("0\r\n\r\n");
    expect(statusesOf(exchange.text).length).toBeLessThan(2);
    // Where only the end of the connection ends the body, the client must see that it was no good end.
    expect(exchange.end).toBe(version === "1.0" ? "reset" : "closed");
    expect(errors()).toContain("boom secret");
    expect(entries).toMatchObject([{ isAborted: true }]);
  });
});

function boom(): never {
  throw new Error("boom secret");
}
function* failingBody(...chunks: string[]): Generator<Uint8Array> {
  for (const chunk of chunks) yield bytes(chunk);
  boom();
}
async function* failingBodyLater(...chunks: string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    yield bytes(chunk);
    // Node's sockets report a reset that comes together with data as an end.
    await sleep(50);
  }
  boom();
}

describe("what may not be sent", () => {
  const OK = "200 OK";
  const heads: [title: string, status: unknown, headers: unknown][] = [
    ["a CR LF in the status", "200 OK\r\nA: b", []],
    ["an LF in the status", "200 OK\n", []],
    ["a NUL in the status", "200 \0", []],
    ["a status above latin-1 (CVE-2016-2216)", "200 \u010d\u010a", []],
    ["a status without a space", "200", []],
    ["a status of two digits", "20 OK", []],
    ["a status of four digits", "2000 OK", []],
    ["a status that begins with 0", "020 OK", []],
    ["an interim status", "100 Continue", []],
    ["a switch of protocols", "101 Switching Protocols", []],
    ["a status that is a number", 200, []],
    ["a name with a space", OK, [["A B", "c"]]],
    ["a name with a colon", OK, [["A:", "c"]]],
    ["a name with a CR LF", OK, [["A\r\nB", "c"]]],
    ["an empty name", OK, [["", "c"]]],
    ["a name above latin-1", OK, [["\u0141", "c"]]],
    ["a name that is no string", OK, [[1, "c"]]],
    ["a value with a CR LF (CVE-2020-5247)", OK, [["A", "b\r\nC: d"]]],
    ["a value with a CR (CVE-2020-5249)", OK, [["A", "b\rC: d"]]],
    ["a value with an LF", OK, [["A", "b\n"]]],
    ["a value with a NUL", OK, [["A", "\0"]]],
    ["a value above latin-1", OK, [["A", "\u010d\u010aSet-Cookie: x"]]],
    ["a value that is no string", OK, [["A", 1]]],
    ["headers that are no list", OK, { A: "b" }],
    ["a header that is no pair", OK, [null]],
    ...[
      "Connection",
      "keep-alive",
      "Proxy-Authenticate",
      "Proxy-Authorization",
      "Proxy-Connection",
      "TE",
      "Trailer",
      "Transfer-Encoding",
      "UPGRADE",
    ].map((name): [string, unknown, unknown] => [`the field ${name}`, OK, [[name, "x"]]]),
    [
      "two lengths",
      OK,
      [
        ["Content-Length", "1"],
        ["content-length", "1"],
      ],
    ],
    ...["", "-1", "+1", "1 ", "1,1", "0x1", "1e0", "99999999999999999999"].map((value): [string, unknown, unknown] => [
      `the length ${JSON.stringify(value)}`,
      OK,
      [["Content-Length", value]],
    ]),
  ];
  test.each(heads)("%s is answered with 500, logged, and the connection goes on", async (_title, status, headers) => {
    const { address, errors } = await serve(
      withLast((_environ, startResponse) => {
        startResponse(status as string, headers as HeaderList);
        return [bytes("x")];
      }),
    );
    const { text } = await rawRequest(address, request() + LAST);
    expect(statusesOf(text)).toEqual([500, 200]);
    expect(text).not.toContain("Set-Cookie");
    expect(errors()).toMatch(/^Error handling GET \/: /);
  });

  test("bytes above ASCII in status and values go out as one byte each", async () => {
    const { address } = await serve(answering(() => [], "200 \xe9", [["A", "\xff\t\x80"]]));
    const { bytes: received } = await rawRequest(address, LAST);
    expect(received.toString("latin1")).toMatch(/^HTTP\/1\.1 200 \xe9\r\nA: \xff\t\x80\r\n/);
  });
});

describe("early hints", () => {
  const LINK: HeaderList = [["Link", "</a.css>; rel=preload"]];
  const hinting =
    (hints: HeaderList[]): WSGIApplication =>
    async (environ, startResponse) => {
      for (const headers of hints) environ["wsgi.early_hints"]?.(headers);
      await Promise.resolve();
      startResponse("200 OK", []);
      return [bytes("x")];
    };

  test("leave before the answer", async () => {
    const { address } = await serve(hinting([LINK, LINK]));
    const { text } = await rawRequest(address, LAST);
    expect(statusesOf(text)).toEqual([103, 103, 200]);
    expect(text).toMatch(/^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a\.css>; rel=preload\r\n\r\nHTTP/);
  });

  test("are kept from a client of HTTP/1.0", async () => {
    const { address } = await serve(hinting([LINK]));
    expect(statusesOf((await rawRequest(address, request("GET", "1.0"))).text)).toEqual([200]);
  });

  test.each([
    [[["A", "b\r\nC: d"]]],
    [[["Transfer-Encoding", "chunked"]]],
    [[["Content-Length", "1"]]],
    [[["A", "\u010a"]]],
  ])("are checked as every head: %j", async (headers) => {
    const { address } = await serve(withLast(hinting([headers as HeaderList])));
    const { text } = await rawRequest(address, request() + LAST);
    expect(statusesOf(text)).toEqual([500, 200]);
  });

  test("behind the head are ignored", async () => {
    const { address } = await serve((environ, startResponse) => {
      startResponse("200 OK", []);
      return (async function* late() {
        yield bytes("a");
        environ["wsgi.early_hints"]?.(LINK);
        yield bytes("b");
      })();
    });
    const { text } = await rawRequest(address, LAST);
    expect(statusesOf(text)).toEqual([200]);
    expect(bodyOf(text)).toBe("1\r\na\r\n1\r\nb\r\n0\r\n\r\n");
  });
});

test("head and first chunk leave before the application makes the second", async () => {
  let go: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  const { address } = await serve(
    answering(async function* gated() {
      yield bytes("first");
      await gate;
      yield bytes("second");
    }),
  );
  const wire = await Wire.open(address);
  wire.send(LAST);
  const text = await wire.until("first");
  expect(text).toMatch(/^HTTP\/1\.1 200 /);
  go();
  expect(await wire.ended()).toContain("second");
});
