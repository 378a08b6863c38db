import { expect, test } from "vitest";

import { CHUNKED_CASES } from "../../test/engine/fixtures/chunked-bodies.ts";
import { readOtherwise, readRequests } from "../../test/engine/read-requests.ts";

const HEAD = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
const NEXT = "GET /next HTTP/1.0\r\n\r\n";

test.each(CHUNKED_CASES)("ChunkedDecoder: $title", ({ bytes, result }) => {
  const data = Buffer.from(HEAD + bytes, "latin1");
  const whole = readRequests(data);
  const expected = result === null ? "partial" : typeof result === "string" ? "idle" : result;
  expect(whole.verdict).toBe(expected);
  expect(whole.requests).toHaveLength(1);
  expect(whole.requests[0]?.body).toBe(typeof result === "string" ? result : null);
  expect(readOtherwise(data, whole)).toBe(undefined);
});

test("a request behind a good body is read, one behind a bad body never", () => {
  for (const { title, bytes, result } of CHUNKED_CASES) {
    if (result === null) continue;
    const { requests, verdict } = readRequests(HEAD + bytes + NEXT);
    expect(
      requests.map(({ path }) => path),
      title,
    ).toEqual(typeof result === "string" ? ["/", "/next"] : ["/"]);
    expect(verdict, title).toBe(typeof result === "string" ? "idle" : result);
  }
});

test("the trailer section and the extensions have limits of their own", () => {
  const limits = { maxTrailerBytes: 20, maxTrailerFields: 2, maxChunkLineBytes: 10, maxChunkExtensionBytes: 6 };
  for (const [body, verdict] of [
    ["0\r\nA: b\r\nC: d\r\n\r\n", "idle"],
    ["0\r\nA: b\r\nC: d\r\nE: f\r\n\r\n", 431],
    [`0\r\nA: ${"b".repeat(15)}\r\n\r\n`, "idle"],
    [`0\r\nA: ${"b".repeat(18)}\r\n\r\n`, 431],
    [`0\r\nA: ${"b".repeat(7)}\r\nA: ${"b".repeat(7)}\r\n\r\n`, 431],
    ["1;aaaaa\r\nx\r\n0\r\n\r\n", "idle"],
    ["1;aaa\r\nx\r\n0;aaa\r\n\r\n", 400],
    [`1;${"a".repeat(9)}\r\nx\r\n0\r\n\r\n`, 400],
    [" 1;a\r\nx\r\n0\r\n\r\n", 400],
    // A byte that may stand nowhere is worse than a line that is too long.
    [`0\r\nA: \0${"b".repeat(30)}\r\n\r\n`, 400],
  ] as const) {
    expect(readRequests(HEAD + body, [], limits).verdict, body).toBe(verdict);
  }
});

test("without a limit for bodies a size must still be a number that is exact", () => {
  const limits = { maxBodyBytes: 0 };
  expect(readRequests(`${HEAD}1fffffffffffff\r\nx`, [], limits).verdict).toBe("partial");
  expect(readRequests(`${HEAD}20000000000000\r\nx`, [], limits).verdict).toBe(413);
  expect(readRequests(`${HEAD}1\r\nx\r\n1fffffffffffff\r\nx`, [], limits).verdict).toBe(413);
});
