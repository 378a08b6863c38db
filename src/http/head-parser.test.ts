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
import { readRequests, waysToCut } from "../../test/engine/read-requests.ts";

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
    for (const cuts of waysToCut(data)) expect(readRequests(data, cuts), `cut at ${cuts.join(" ")}`).toEqual(whole);
  });
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
