// SCGI and uwsgi: both have one head in front of the body, and the same rules for it.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { attempt } from "../../test/gateways/attempt.ts";
import type { RequestHead, RequestHeadDecoder } from "./request-head.ts";
import { encodeScgiHead, ScgiHeadDecoder } from "./scgi/scgi-head.ts";
import { encodeUwsgiHead, UwsgiHeadDecoder } from "./uwsgi/uwsgi-head.ts";
import type { Variable } from "./variables.ts";

const PROTOCOLS = [
  { name: "SCGI", encode: encodeScgiHead, make: (): RequestHeadDecoder => new ScgiHeadDecoder() },
  { name: "uwsgi", encode: encodeUwsgiHead, make: (): RequestHeadDecoder => new UwsgiHeadDecoder() },
] as const;

function decode(decoder: RequestHeadDecoder, pieces: readonly Uint8Array[]): RequestHead | null {
  let head: RequestHead | null = null;
  let rest: Uint8Array[] = [];
  for (const piece of pieces) {
    if (head === null) {
      head = decoder.push(Buffer.from(piece));
      if (head !== null) rest = [head.rest];
    } else rest.push(piece);
  }
  return head === null ? null : { variables: head.variables, rest: Buffer.concat(rest) };
}

/** No NUL: that ends a text of SCGI. */
const someText = fc.string({ unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)) });
const someVariables = fc
  .array(fc.tuple(someText, someText))
  .map((all): Variable[] => [
    ["CONTENT_LENGTH", "3"],
    ["SCGI", "1"],
    ...all.filter(([name]) => name !== "CONTENT_LENGTH" && name !== "SCGI"),
  ]);

describe.each(PROTOCOLS)("a head of $name", ({ encode, make }) => {
  test("comes back, with what is behind it, however its bytes are cut", () => {
    fc.assert(
      fc.property(someVariables, fc.array(fc.nat(), { maxLength: 100 }), (variables, places) => {
        const bytes = Buffer.concat([encode(variables), Buffer.from("abc")]);
        const ends = [...new Set(places.map((place) => place % bytes.length))].toSorted((a, b) => a - b);
        const pieces = [...ends, bytes.length].map((end, index) =>
          bytes.subarray(index === 0 ? 0 : ends[index - 1], end),
        );
        const head = decode(make(), pieces);
        expect(head?.variables).toEqual(variables);
        expect(head?.rest.toString("latin1")).toBe("abc");
      }),
    );
  });

  test.each([0, 127, 128, 255, 256, 60_000])("holds a value of %i bytes", (size) => {
    const variables: Variable[] = [
      ["CONTENT_LENGTH", "0"],
      ["SCGI", "1"],
      ["HTTP_X", "v".repeat(size)],
    ];
    expect(decode(make(), [encode(variables)])?.variables).toEqual(variables);
  });

  test("of random bytes is a head, incomplete or a GatewayProtocolError", () => {
    const start = fc.constantFrom("", "\0", "\0\x10\0\0", "5", "70:CONTENT_LENGTH\0", "9:");
    const property = fc.property(
      start,
      fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 5 }),
      (begin, pieces) => {
        attempt(() => decode(make(), [Buffer.from(begin, "latin1"), ...pieces]));
      },
    );
    expect(() => fc.assert(property)).not.toThrow();
  });

  test("has 1000 variables at most", () => {
    const variables = (count: number): Variable[] => [
      ["CONTENT_LENGTH", "0"],
      ["SCGI", "1"],
      ...Array.from({ length: count - 2 }, (_, index): Variable => [`N${index}`, ""]),
    ];
    expect(decode(make(), [encode(variables(1000))])?.variables).toHaveLength(1000);
    expect(() => decode(make(), [encode(variables(1001))])).toThrow(expect.objectContaining({ status: 431 }));
  });
});

describe("SCGI", () => {
  const refused: [text: string, status: number][] = [
    ["GET / HTTP/1.1\r\n", 400],
    [":", 400],
    ["00:,", 400],
    ["024:CONTENT_LENGTH\x000\x00SCGI\x001\x00,", 400],
    ["123456:", 400],
    ["99999:", 431],
    ["65537:", 431],
    ["24:CONTENT_LENGTH\x000\x00SCGI\x001\x00;", 400],
    ["7:SCGI\x001\x00,", 400],
    ["25:SCGI\x001\x00CONTENT_LENGTH\x0027\x00,", 400],
    ["19:CONTENT_LENGTH\x00-1\x00x,", 400],
    ["17:CONTENT_LENGTH\x000\x00,", 400],
    ["24:CONTENT_LENGTH\x000\x00SCGI\x002\x00,", 400],
    ["-5:", 400],
  ];
  test.each(refused)("%j is refused", (text, status) => {
    expect(() => decode(new ScgiHeadDecoder(), [Buffer.from(text, "latin1")])).toThrow(
      expect.objectContaining({ status }),
    );
  });
});

describe("uwsgi", () => {
  test.each([
    ["\x05\0\0\0", 502],
    ["\x0e\0\0\0", 502],
    ["GET / HTTP/1.1\r\n", 502],
    ["\0\x01\0\0a", 400],
    ["\0\x05\0\0\x01\0a\xff\xff", 400],
    ["\0\x04\0\0\x01\0ab", 400],
  ])("%j is refused", (text, status) => {
    expect(() => decode(new UwsgiHeadDecoder(), [Buffer.from(text, "latin1")])).toThrow(
      expect.objectContaining({ status }),
    );
  });

  test("never makes a packet whose size wraps", () => {
    expect(() => encodeUwsgiHead([["A", "v".repeat(65_536)]])).toThrow(RangeError);
    expect(() =>
      encodeUwsgiHead([
        ["A", "v".repeat(40_000)],
        ["B", "v".repeat(40_000)],
      ]),
    ).toThrow(RangeError);
  });
});
