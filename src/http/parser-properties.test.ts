import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";

import { makeConnection, makeRequest, Random } from "../../test/engine/mutations.ts";
import { readRequests, type Reading } from "../../test/engine/read-requests.ts";
import { inFull } from "../../test/in-full.ts";
import { readObviously } from "../../test/engine/reference-parser.ts";

const SEED = 20_261_121;
const connection = fc.integer().map((seed) => makeConnection(new Random(seed)));
/** Bytes that look like a request now and then. */
const soup = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "GET / HTTP/1.1\r\n",
        "POST /a HTTP/1.0\r\n",
        "Host: h\r\n",
        "\r\n",
        "\r",
        "\n",
        "A: b\r\n",
        " ",
        ":",
        "\0",
        "\x16",
      ),
      fc.constantFrom(
        "Transfer-Encoding: chunked\r\n",
        "Content-Length: 3\r\n",
        "3\r\nabc\r\n",
        "0\r\n\r\n",
        'ffff;x="',
        "x".repeat(9000),
      ),
      fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(""));

function cutsOf(seed: number, length: number): number[] {
  const random = new Random(seed);
  const cuts = new Set<number>();
  const count = length > 1 ? random.below(12) : 0;
  for (let index = 0; index < count; index += 1) cuts.add(1 + random.below(length - 1));
  return [...cuts].toSorted((a, b) => a - b);
}

const everyByte = (text: string): number[] =>
  Array.from({ length: Math.max(0, text.length - 1) }, (_, index) => index + 1);

describe("any split of any bytes gives the same requests and the same verdict", () => {
  test.each([
    ["requests, damaged", connection],
    ["soup", soup],
  ])("of %s", (_title, bytes) => {
    fc.assert(
      fc.property(bytes, fc.integer(), (text, seed) => {
        const whole = readRequests(text);
        expect(readRequests(text, cutsOf(seed, text.length))).toEqual(whole);
        expect(readRequests(text, everyByte(text.slice(0, 1000)))).toEqual(whole);
      }),
      { seed: SEED, numRuns: inFull(500, 1500) },
    );
  });

  test("of heads at the edge of small limits", () => {
    const limits = {
      maxRequestLineBytes: 24,
      maxFieldBytes: 20,
      maxFieldNameBytes: 8,
      maxFields: 3,
      maxHeadBytes: 60,
      maxBodyBytes: 9,
      maxChunkLineBytes: 8,
      maxChunkExtensionBytes: 6,
      maxTrailerBytes: 12,
      maxTrailerFields: 2,
    };
    fc.assert(
      fc.property(connection, fc.integer(), (text, seed) => {
        const whole = readRequests(text, [], limits);
        expect(readRequests(text, cutsOf(seed, text.length), limits)).toEqual(whole);
        expect(
          readRequests(
            text,
            Array.from({ length: Math.max(0, text.length - 1) }, (_, index) => index + 1),
            limits,
          ),
        ).toEqual(whole);
      }),
      { seed: SEED, numRuns: inFull(500, 1500) },
    );
  });
});

test("random bytes raise only a ProtocolError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), soup, (bytes, text) => {
      expect(() => readRequests(Buffer.from(bytes))).not.toThrow();
      expect(() => readRequests(Buffer.concat([Buffer.from(text, "latin1"), bytes]))).not.toThrow();
    }),
    { seed: SEED, numRuns: inFull(1000, 3000) },
  );
});

/** Statuses differ for good reasons; a refusal is a refusal. */
function plain({ requests, verdict }: Reading): Reading {
  return { requests, verdict: typeof verdict === "number" ? 400 : verdict };
}

/** A line is judged when it is complete, so a refusal may come later than the first wrong byte; never the other way round. */
function withoutWaiting(reading: Reading, text: string): Reading {
  return reading.verdict === "partial" ? plain(readRequests(`${text}\r\n\r\n\r\n\r\n`)) : reading;
}

test("the parser agrees with a slow one that is written from the grammar", () => {
  fc.assert(
    fc.property(connection, (text) => {
      const obvious = readObviously(text);
      const read = plain(readRequests(text));
      const ours = obvious.verdict === 400 ? withoutWaiting(read, text) : read;
      expect(ours.verdict).toBe(obvious.verdict);
      expect(read.requests).toEqual(obvious.requests);
    }),
    { seed: SEED, numRuns: inFull(2000, 5000) },
  );
});

test("what is made from the grammar is read back", () => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1, maxLength: 5 }), (seeds) => {
      const texts = seeds.map((seed) => makeRequest(new Random(seed)));
      const { requests, verdict } = readRequests(texts.join(""));
      expect(verdict).toBe("idle");
      expect(requests.map(({ method, target, minor }) => `${method} ${target} HTTP/1.${minor}`)).toEqual(
        texts.map((text) => text.slice(0, text.indexOf("\r\n"))),
      );
    }),
    { seed: SEED, numRuns: 1000 },
  );
});

describe("the work grows with the bytes, not with their square", () => {
  /** Code units that pattern tests and string searches look at, counted by standing in for them. */
  function workOf(run: () => void): number {
    let work = 0;
    const { test: matches } = RegExp.prototype; // oxlint-disable-line typescript/unbound-method -- called with its own `this` below
    const { indexOf } = String.prototype; // oxlint-disable-line typescript/unbound-method -- as above
    const spies = [
      vi.spyOn(RegExp.prototype, "test").mockImplementation(function counted(this: RegExp, text: string): boolean {
        work += text.length;
        return matches.call(this, text);
      }),
      vi.spyOn(String.prototype, "indexOf").mockImplementation(function counted(
        this: string,
        search: string,
        from = 0,
      ): number {
        const found = indexOf.call(this, search, from);
        work += (found === -1 ? this.length : found) - from;
        return found;
      }),
    ];
    try {
      run();
    } finally {
      for (const spy of spies) spy.mockRestore();
    }
    return work;
  }

  const a = (count: number): string => "a".repeat(count);
  const HEAD = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  const limits = {
    maxRequestLineBytes: 1e6,
    maxFieldBytes: 1e6,
    maxHeadBytes: 1e6,
    maxFields: 1e6,
    maxTrailerBytes: 1e6,
    maxChunkLineBytes: 1e6,
  };
  test("and fields that come again are not taken apart again", () => {
    const fields = "Host: h\r\nAccept: text/html\r\nAccept: */*\r\nX-Long-Enough: 1234567890\r\n\r\n";
    const line = "GET / HTTP/1.1\r\n";
    const work = (count: number): number => workOf(() => readRequests((line + fields).repeat(count)));
    expect(work(20) - work(10)).toBeLessThan(10 * 2 * line.length);
  });

  test.each([
    ["a request line", (size: number) => `GET /${a(size)}`],
    ["a field value", (size: number) => `GET / HTTP/1.1\r\nA: ${a(size)}`],
    ["white space in a value (CVE-2020-5236)", (size: number) => `GET / HTTP/1.1\r\nA: x${" ".repeat(size)}x\r\n`],
    ["one field many times (CVE-2025-67725)", (size: number) => `GET / HTTP/1.1\r\n${"A: b\r\n".repeat(size / 6)}`],
    ["a trailer", (size: number) => `${HEAD}0\r\nA: ${a(size)}`],
    ["a chunk extension", (size: number) => `${HEAD}1;${a(size)}`],
    ["chunks of one byte", (size: number) => HEAD + "1\r\nx\r\n".repeat(size / 6)],
    [
      "zeros before a Content-Length",
      (size: number) => `GET / HTTP/1.1\r\nHost: h\r\nContent-Length: ${"0".repeat(size)}1\r\n\r\n`,
    ],
    [
      "options of Connection",
      (size: number) => `GET / HTTP/1.1\r\nHost: h\r\nConnection: ${"a,".repeat(size / 2)}\r\n\r\n`,
    ],
  ])("for %s that comes byte by byte, or whole", (_title, make) => {
    for (const isWhole of [true, false]) {
      const work = (size: number): number => {
        const text = make(size);
        const cuts = isWhole ? [] : Array.from({ length: text.length - 1 }, (_, index) => index + 1);
        return workOf(() => readRequests(text, cuts, limits));
      };
      // Four times the bytes: four times the work, where a square would be sixteen times.
      expect(work(12_000) / work(3000)).toBeLessThan(6);
    }
  });
});
