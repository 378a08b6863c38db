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
    expect(reading.requests).toEqual(Array.from({ length: times }, () => requests).flat());
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
