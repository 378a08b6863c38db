import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GatewayProtocolError } from "../errors.ts";
import { type AnswerHead, AnswerHeadDecoder } from "./answer-head.ts";

/** More by hand. */
const ROUNDS = Number(process.env["TSGI_FUZZ_ROUNDS"] ?? 500);

/** Reads bytes in pieces of the given sizes; what is left comes at once. */
function decode(text: string, sizes: readonly number[] = [], maxBytes?: number): AnswerHead & { rest: string } {
  const bytes = Buffer.from(text, "latin1");
  const decoder = new AnswerHeadDecoder(maxBytes);
  let at = 0;
  for (const size of [...sizes, bytes.length]) {
    const piece = bytes.subarray(at, at + size);
    at += piece.length;
    const decoded = decoder.push(piece);
    if (decoded !== null) {
      const rest = Buffer.concat([decoded.rest, bytes.subarray(at)]).toString("latin1");
      return { ...decoded.head, rest };
    }
  }
  throw decoder.ended();
}

function outcome(text: string, sizes?: readonly number[], maxBytes?: number): unknown {
  try {
    return decode(text, sizes, maxBytes);
  } catch (error) {
    if (!(error instanceof GatewayProtocolError)) throw error;
    return error.message;
  }
}

describe("AnswerHeadDecoder", () => {
  it.each<[string, string, Partial<AnswerHead>]>([
    [
      "a document",
      "Content-Type: text/plain\n\nbody",
      { statusCode: 200, reason: "OK", fields: [["Content-Type", "text/plain"]], contentLength: -1 },
    ],
    [
      "CRLF",
      "Content-Type: a\r\nX: y\r\n\r\nbody",
      {
        fields: [
          ["Content-Type", "a"],
          ["X", "y"],
        ],
      },
    ],
    ["a status", "Status: 404 Not here\nX: 1\n\nbody", { statusCode: 404, reason: "Not here", fields: [["X", "1"]] }],
    ["a status without a reason", "status:204\n\nbody", { statusCode: 204, reason: "", fields: [] }],
    ["a status line", "HTTP/1.1 201 Made\r\nX: 1\r\n\r\nbody", { statusCode: 201, reason: "Made" }],
    ["fields of the connection", "HTTP/1.0 200 OK\nConnection: close\nTE: x\nX: 1\n\nbody", { fields: [["X", "1"]] }],
    ["a length", "Content-Type: a\nContent-Length: 0012\n\nbody", { contentLength: 12 }],
    ["a local redirect", "Location: /a?b\n\nbody", { localRedirect: "/a?b", fields: [] }],
    [
      "an absolute redirect",
      "Location: http://a/\n\nbody",
      { statusCode: 302, reason: "Found", localRedirect: null, fields: [["Location", "http://a/"]] },
    ],
    ["a path on another host", "Location: //a/\n\nbody", { statusCode: 302, localRedirect: null }],
    ["a redirect with a cookie", "Location: /a\nSet-Cookie: b=c\n\nbody", { statusCode: 302, localRedirect: null }],
    ["a redirect with a status", "Status: 303\nLocation: /a\n\nbody", { statusCode: 303, localRedirect: null }],
    [
      "several cookies",
      "Content-Type: a\nSet-Cookie: b\nSet-Cookie: c\n\nbody",
      {
        fields: [
          ["Content-Type", "a"],
          ["Set-Cookie", "b"],
          ["Set-Cookie", "c"],
        ],
      },
    ],
    ["white space and obs-text", "Content-Type: \t a\tb \xe9 \t\n\nbody", { fields: [["Content-Type", "a\tb \xe9"]] }],
  ])("reads %s", (_, text, expected) => {
    expect(decode(text)).toMatchObject({ ...expected, rest: "body" });
  });

  it.each<[string, string, RegExp]>([
    ["nothing", "", /is empty/],
    ["an end within the head", "Content-Type: a\nX", /ends within its head: "X"/],
    ["an empty head", "\n\n", /Expected a header field/],
    ["a body alone", "<html>\n\n", /Expected a header field "Name: value", got "<html>"/],
    ["a message with a colon", "Warning: foo\n\n", /none of the fields/],
    ["a folded line", "Content-Type: a\n b\n\n", /Expected a header field/],
    ["a space before the colon", "Content-Type : a\n\n", /Expected a header field/],
    ["a space in a name", "Content Type: a\n\n", /Expected a header field/],
    ["a NUL", "Content-Type: a\0b\n\n", /control character/],
    ["a bare CR", "Content-Type: a\rX: y\n\n", /control character/],
    ["two CR", "Content-Type: a\r\r\n\n", /control character/],
    ["two statuses", "Status: 200\nStatus: 200\n\n", /Status twice/],
    ["a status line and a status", "HTTP/1.1 200 OK\nStatus: 200\n\n", /status line and the field/],
    ["an interim status", "Status: 103\n\n", /from 200 to 599/],
    ["an interim status line", "HTTP/1.1 100 Continue\n\n", /from 200 to 599/],
    ["a status of four digits", "Status: 2000\n\n", /from 200 to 599/],
    ["a control character in a reason", "HTTP/1.1 200 O\x01K\n\n", /control character/],
    ["two lengths", "Content-Type: a\nContent-Length: 1\nContent-Length: 1\n\n", /Content-Length twice/],
    ["two lengths in one", "Content-Type: a\nContent-Length: 1, 1\n\n", /digits only/],
    ["a signed length", "Content-Type: a\nContent-Length: +1\n\n", /digits only/],
    ["a length too large", "Content-Type: a\nContent-Length: 9999999999999999\n\n", /digits only/],
    ["an empty length", "Content-Type: a\nContent-Length:\n\n", /digits only/],
    ["Transfer-Encoding", "Content-Type: a\nTransfer-Encoding: chunked\n\n", /Transfer-Encoding/],
    ["two types", "Content-Type: a\nContent-Type: b\n\n", /Content-Type twice/],
    ["two locations", "Location: /a\nLocation: /b\n\n", /Location twice/],
  ])("refuses %s", (_, text, message) => {
    expect(() => decode(text)).toThrow(message);
    expect(() => decode(text)).toThrow(expect.objectContaining({ status: 502 }));
  });

  it("bounds a head, whether or not it has lines", () => {
    expect(outcome(`Content-Type: ${"a".repeat(100)}\n\n`, [], 64)).toMatch(/longer than 64 bytes/);
    expect(outcome("a".repeat(65), [1], 64)).toMatch(/longer than 64 bytes/);
    expect(outcome(`${"X: y\n".repeat(13)}\n`, [3], 64)).toMatch(/longer than 64 bytes/);
    expect(outcome("Content-Type: a\n\n", [], 17)).toMatchObject({ rest: "" });
  });

  it("gives the same for any split of the same bytes", () => {
    const piece = fc.constantFrom(
      ..."\n|\r\n|\n\n|\r|\0|: |:|Status|Status: 200|HTTP/1.1 200 OK|Content-Length: 5|Location: /a|Content-Type: a| |x".split(
        "|",
      ),
      "é",
    );
    const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(text, fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 30 }), (bytes, sizes) => {
        expect(outcome(bytes, sizes, 60)).toEqual(outcome(bytes, [], 60));
      }),
      { numRuns: ROUNDS },
    );
  });

  it("finds nothing but what the rules allow in any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (noise) => {
        const result = outcome(`Content-Type: a\n${Buffer.from(noise).toString("latin1")}\n\n`);
        if (typeof result === "string") return;
        const { statusCode, reason, fields } = result as AnswerHead;
        const lines = fields.map(([name, value]) => `${name}:${value}`);
        const isGood = lines.every((line) => /^[!#$%&'*+\-.^_`|~\w]+:[\t\x20-\x7e\x80-\xff]*$/.test(line));
        expect(isGood, lines.join("\n")).toBe(true);
        const text = lines.join("\n");
        expect(text.match(/^(?:content-length|transfer-encoding|status):/gim)?.length ?? 0).toBeLessThan(2);
        expect(`${statusCode} ${reason}`).toMatch(/^[2-5]\d\d [\t\x20-\x7e\x80-\xff]*$/);
      }),
      { numRuns: ROUNDS },
    );
  });
});
