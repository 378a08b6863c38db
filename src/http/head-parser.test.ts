import { describe, expect, test } from "vitest";

import {
  CONNECTION_CASES,
  FIELD_CASES,
  FRAMING_CASES,
  HOST_CASES,
  LIMIT_CASES,
  LINE_CASES,
  REQUEST_LINE_CASES,
  TARGET_CASES,
  type HeadCase,
} from "../../test/engine/fixtures/heads.ts";
import { readOtherwise, readRequests } from "../../test/engine/read-requests.ts";
import { HeadParser } from "./head-parser.ts";
import { DEFAULT_LIMITS, type Limits } from "./limits.ts";

const TABLES: Record<string, readonly HeadCase[]> = {
  "line ends": LINE_CASES,
  "request lines": REQUEST_LINE_CASES,
  targets: TARGET_CASES,
  "header fields": FIELD_CASES,
  Host: HOST_CASES,
  framing: FRAMING_CASES,
  "persistence and expectations": CONNECTION_CASES,
  limits: LIMIT_CASES,
};

describe.each(Object.entries(TABLES))("HeadParser: %s", (_table, cases) => {
  test.each(cases)("$title", ({ bytes, refuse, give, verdict }) => {
    const data = Buffer.from(bytes, "latin1");
    const whole = readRequests(data);
    const { variables, ...rest } = give ?? {};
    expect(whole).toMatchObject({
      verdict: refuse ?? verdict ?? "idle",
      requests: give === undefined ? [] : [rest, ...whole.requests.slice(1)],
    });
    expect(whole.requests[0]?.variables).toEqual(variables ?? whole.requests[0]?.variables);
    expect(readOtherwise(data, whole)).toBe(undefined);
  });
});

const parserOf = (limits: Partial<Limits> = {}): HeadParser =>
  new HeadParser({ ...DEFAULT_LIMITS, ...limits }, () => ({}));

describe("the code of a refusal says what is wrong with", () => {
  const HEAD = "GET / HTTP/1.1\r\nHost: h\r\n";
  test.each([
    ["a TLS greeting", "\x16\x03\x01\x02", "ERR_HTTP_TLS_ON_PLAIN_PORT"],
    ["the first byte of a TLS greeting in a field", `${HEAD}\x16`, "ERR_HTTP_BAD_BYTE"],
    ["nine empty lines", "\r\n".repeat(9), "ERR_HTTP_EMPTY_LINES"],
    ["a method alone", "GET\r\n\r\n", "ERR_HTTP_REQUEST_LINE"],
    ["a method alone before a field with a space", "GET\r\nHost: h\r\n", "ERR_HTTP_REQUEST_LINE"],
    ["a space before the target alone", " / HTTP/1.1\r\n\r\n", "ERR_HTTP_REQUEST_LINE"],
    ["a line without a target", "GET HTTP/1.1\r\n\r\n", "ERR_HTTP_REQUEST_LINE"],
    ["a line without a version", "GET /\r\n\r\n", "ERR_HTTP_REQUEST_LINE"],
    ["what is no version", "GET / HTTP/11\r\n\r\n", "ERR_HTTP_REQUEST_LINE"],
    ["a request line that is too long", `GET /${"a".repeat(9000)}`, "ERR_HTTP_REQUEST_LINE_TOO_LONG"],
    ["a version that is not spoken", "GET / HTTP/1.2\r\n\r\n", "ERR_HTTP_VERSION"],
    ["a method that is no token", "G:T / HTTP/1.1\r\n\r\n", "ERR_HTTP_METHOD"],
    ["a method that is too long", `${"a".repeat(33)} / HTTP/1.1\r\n\r\n`, "ERR_HTTP_METHOD"],
    ["CONNECT", "CONNECT h:443 HTTP/1.1\r\n\r\n", "ERR_HTTP_CONNECT"],
    ["a fragment", "GET /a#b HTTP/1.1\r\n\r\n", "ERR_HTTP_TARGET"],
    ["a relative target", "GET a HTTP/1.1\r\n\r\n", "ERR_HTTP_TARGET"],
    ["a target without a host", "GET http:///a HTTP/1.1\r\n\r\n", "ERR_HTTP_TARGET"],
    ["an escaped NUL", "GET /%00 HTTP/1.1\r\n\r\n", "ERR_HTTP_TARGET"],
    ["a control character", `${HEAD}A: \x01\r\n`, "ERR_HTTP_BAD_BYTE"],
    ["a line without a colon", `${HEAD}A\r\n\r\n`, "ERR_HTTP_FIELD"],
    ["a name with a space", `${HEAD}A : b\r\n\r\n`, "ERR_HTTP_FIELD"],
    ["a field that is too long", `${HEAD}A: ${"a".repeat(9000)}`, "ERR_HTTP_FIELDS_TOO_LARGE"],
    ["a name that is too long", `${HEAD}${"a".repeat(300)}: b\r\n`, "ERR_HTTP_FIELDS_TOO_LARGE"],
    ["101 fields", `${HEAD}${"A: b\r\n".repeat(100)}`, "ERR_HTTP_TOO_MANY_FIELDS"],
    ["two Hosts", `${HEAD}Host: h\r\n\r\n`, "ERR_HTTP_REPEATED_FIELD"],
    ["no Host", "GET / HTTP/1.1\r\n\r\n", "ERR_HTTP_HOST"],
    ["a bad Host", "GET / HTTP/1.1\r\nHost: h h\r\n\r\n", "ERR_HTTP_HOST"],
    ["a length that is no number", `${HEAD}Content-Length: x\r\n\r\n`, "ERR_HTTP_CONTENT_LENGTH"],
    ["a length that cannot be counted", `${HEAD}Content-Length: ${"9".repeat(16)}\r\n\r\n`, "ERR_HTTP_BODY_TOO_LARGE"],
    ["two framings", `${HEAD}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`, "ERR_HTTP_FRAMING"],
    ["chunked in HTTP/1.0", "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "ERR_HTTP_FRAMING"],
    ["chunked twice", `${HEAD}Transfer-Encoding: chunked, chunked\r\n\r\n`, "ERR_HTTP_FRAMING"],
    ["an unknown coding", `${HEAD}Transfer-Encoding: gzip\r\n\r\n`, "ERR_HTTP_TRANSFER_CODING"],
    ["an unknown expectation", `${HEAD}Expect: x\r\n\r\n`, "ERR_HTTP_EXPECTATION"],
  ])("%s", (_title, bytes, code) => {
    expect(() => parserOf().feed(bytes, 0)).toThrow(expect.objectContaining({ code }));
  });
});

test("the limit of the whole head counts all lines and their ends but the last, however the head is cut", () => {
  const limits = { maxHeadBytes: 50 };
  for (let length = 48; length < 60; length += 1) {
    const start = "GET / HTTP/1.1\r\nHost: h\r\nA: ";
    const head = `${start}${"a".repeat(length - start.length - 4)}\r\n\r\n`;
    expect(head).toHaveLength(length);
    const whole = readRequests(head, [], limits);
    expect(whole.verdict, `${length} bytes`).toBe(length <= 54 ? "idle" : 431);
    for (let cut = 1; cut < length; cut += 1)
      expect(readRequests(head, [cut], limits), `${length} bytes, cut at ${cut}`).toEqual(whole);
  }
});

test("what has begun goes on at any position of the next text", () => {
  const parser = parserOf();
  expect(parser.feed("GET /pa", 0)).toBe(-1);
  const next = "another's th HTTP/1.0\r\n\r\nGET /";
  expect(parser.feed(next, 10)).toBe(next.indexOf("GET"));
  expect(parser.target?.path).toBe("/path");
});

test("SCRIPT_NAME is told beside the variables, of each head that has it and of no other", () => {
  const parser = parserOf();
  const fields = "Host: h\r\nSCRIPT_NAME: /app\r\n";
  for (const [head, scriptName] of [
    ...Array.from({ length: 4 }, () => [fields, "/app"] as const),
    ["Host: h\r\n", null] as const,
  ]) {
    parser.feed(`GET / HTTP/1.1\r\n${head}\r\n`, 0);
    expect([parser.scriptName, parser.variables]).toEqual([scriptName, { HTTP_HOST: "h" }]);
    parser.begin();
  }
});

test("a name that was good on another connection is held to the limit of this one", () => {
  const head = "GET / HTTP/1.1\r\nHost: h\r\nX-Eight-8: a\r\n\r\n";
  for (const value of ["a", "b"]) {
    for (const [maxFieldNameBytes, verdict] of [
      [9, "idle"],
      [8, 431],
    ] as const) {
      const again = head.replace(": a", `: ${value}`);
      expect(readRequests(head.repeat(3)).verdict).toBe("idle");
      expect(readRequests(again, [], { maxFieldNameBytes }).verdict).toBe(verdict);
    }
  }
});

test("a request behind a refused one is not read", () => {
  const pair = "GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n";
  expect(readRequests(pair)).toEqual({ requests: [], verdict: 400 });
});

test("fields of a request do not reach the next one", () => {
  const pair = "GET /1 HTTP/1.1\r\nHost: h\r\nA: 1\r\nCookie: c\r\n\r\nGET /2 HTTP/1.0\r\n\r\n";
  const { requests } = readRequests(pair);
  expect(requests.map(({ path, variables }) => ({ path, variables }))).toEqual([
    { path: "/1", variables: { HTTP_HOST: "h", HTTP_A: "1", HTTP_COOKIE: "c" } },
    { path: "/2", variables: {} },
  ]);
});

test("fields that were expected from the request before are still checked", () => {
  const earlier = "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\nContent-Length: 0\r\n\r\n";
  for (const [field, verdict] of [
    ["A: b", "idle"],
    ["A : b", 400],
    ["A: b\0", 400],
    ["A; b", 400],
    ["AA: b", "idle"],
    ["A:: b", "idle"],
  ] as const) {
    const later = `GET / HTTP/1.1\r\nHost: h\r\n${field}\r\nContent-Length: 0\r\n\r\n`;
    expect(readRequests(earlier + later).verdict, field).toBe(verdict);
  }
  expect(
    readRequests(`${earlier}GET / HTTP/1.1\r\nHost: h\r\nA: b\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n`)
      .verdict,
  ).toBe(400);
});

describe("a connection on which the same head comes again and again", () => {
  const cases = Object.values(TABLES)
    .flat()
    .filter(({ bytes }) => readRequests(bytes).verdict === "idle");

  test.each(cases)("$title", ({ bytes }) => {
    const { requests } = readRequests(bytes);
    const times = 5;
    const reading = readRequests(bytes.repeat(times));
    expect(reading.verdict).toBe("idle");
    expect(reading.requests).toStrictEqual(Array.from({ length: times }, () => requests).flat());
  });

  const head = (target: string, fields: string): string => `GET ${target} HTTP/1.1\r\n${fields}\r\n`;
  const FIELDS = "Host: h\r\nCookie: a=1\r\nX: 1\r\nCookie: b=2\r\n";

  test("cut anywhere, it is read alike", () => {
    const data = Buffer.from(head("/", FIELDS).repeat(4), "latin1");
    const whole = readRequests(data);
    for (let cut = 1; cut < data.length; cut += 1) expect(readRequests(data, [cut]), `cut at ${cut}`).toEqual(whole);
  });

  test("and then one that differs in one byte, is longer, or is shorter", () => {
    const others = [
      "Host: i\r\nCookie: a=1\r\nX: 1\r\nCookie: b=2\r\n",
      `${FIELDS}Y: 2\r\n`,
      "Host: h\r\nCookie: a=1\r\n",
    ];
    for (const other of others) {
      const alone = readRequests(head("/", other)).requests;
      const { requests } = readRequests(`${head("/", FIELDS).repeat(3)}${head("/", other).repeat(7)}`);
      expect(requests.slice(3)).toEqual(Array.from({ length: 7 }, () => alone[0]));
    }
  });

  test("and then one that holds the last piece of an earlier one alone", () => {
    const pieces = [head("/", "Host: h\r\n"), "GET / HTTP/1.1\r\nHost: h\r\n", "XY: 1\r\n\r\n"];
    for (const last of ["XY: 1\r\n", "Y: 1\r\n"]) {
      const text = `${pieces.join("")}GET / HTTP/1.0\r\n${last}\r\n`;
      const cuts = [pieces[0]?.length ?? 0, pieces.slice(0, 2).join("").length, pieces.join("").length];
      expect(readRequests(text, cuts)).toStrictEqual(readRequests(text));
    }
  });

  test.each([
    ["X: 1", "X: \0"],
    ["X: 1", "X : 1"],
    ["Host: h", "Host: h h"],
    ["Cookie: b=2\r\n", "Content-Length: 1, 1\r\n"],
  ])("%j that becomes %j is refused", (good, bad) => {
    const { requests, verdict } = readRequests(head("/", FIELDS).repeat(3) + head("/", FIELDS.replace(good, bad)));
    expect([requests.length, verdict]).toEqual([3, 400]);
  });

  test("is held to the limit of the whole head, to the byte", () => {
    const limits = { maxHeadBytes: head("/", FIELDS).length - 4 + 20 };
    for (let more = 15; more < 25; more += 1) {
      const last = head(`/${"p".repeat(more)}`, FIELDS);
      const alone = readRequests(last, [], limits);
      const behind = readRequests(head("/", FIELDS).repeat(3) + last, [], limits);
      expect([behind.requests.length - 3, behind.verdict]).toEqual([alone.requests.length, alone.verdict]);
    }
  });

  test("a request line in another version is judged anew", () => {
    const noHost = "X: 1\r\n";
    const { requests, verdict } = readRequests(
      `GET / HTTP/1.0\r\nConnection: keep-alive\r\n${noHost}\r\n`.repeat(3) +
        `GET / HTTP/1.1\r\nConnection: keep-alive\r\n${noHost}\r\n`,
    );
    expect([requests.length, verdict]).toEqual([3, 400]);
  });
});
