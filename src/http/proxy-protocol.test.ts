import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ProxyHeaderParser, type ProxyHeader, type ProxyProtocolVersion } from "./proxy-protocol.ts";

const SIGNATURE = "0d0a0d0a000d0a515549540a";
const REQUEST = Buffer.from("GET / HTTP/1.1\r\n\r\n");

function v2(command: number, family: number, body: Buffer): Buffer {
  const head = Buffer.from(`${SIGNATURE}00000000`, "hex");
  head.writeUInt8(command, 12);
  head.writeUInt8(family, 13);
  head.writeUInt16BE(body.length, 14);
  return Buffer.concat([head, body]);
}

const V4 = Buffer.from("cb0071090a000001138901bb", "hex"); // 203.0.113.9:5001 → 10.0.0.1:443
const V6 = Buffer.from("20010db8000000000000000000000007fd000000000000000000000000000001138901bb", "hex");
const TLVS = Buffer.from("01000568322d3136040000", "hex");

function parse(bytes: Buffer, version: ProxyProtocolVersion = "auto"): ProxyHeader | null {
  return new ProxyHeaderParser(version).feed(bytes);
}

/** Feeds piece by piece; what is left over is put behind the rest, as a socket would deliver it. */
function parseInPieces(bytes: Buffer, cuts: readonly number[]): { addresses: unknown; rest: string } | string {
  const parser = new ProxyHeaderParser("auto");
  const positions = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].toSorted(
    (a, b) => a - b,
  );
  try {
    for (const [index, from] of positions.slice(0, -1).entries()) {
      const to = positions[index + 1] as number;
      const header = parser.feed(bytes.subarray(from, to));
      if (header === null) continue;
      return {
        addresses: header.addresses,
        rest: Buffer.concat([header.rest, bytes.subarray(to)]).toString("latin1"),
      };
    }
    return "incomplete";
  } catch (error) {
    return (error as { code: string }).code;
  }
}

const GOOD: [string, Buffer, object | null][] = [
  [
    "TCP4",
    Buffer.from("PROXY TCP4 203.0.113.9 10.0.0.1 5001 443\r\n"),
    { remoteAddress: "203.0.113.9", remotePort: "5001", localAddress: "10.0.0.1", localPort: "443" },
  ],
  [
    "TCP6",
    Buffer.from("PROXY TCP6 2001:DB8:0::7 fd00::1 0 65535\r\n"),
    { remoteAddress: "2001:db8::7", remotePort: "0", localAddress: "fd00::1", localPort: "65535" },
  ],
  ["UNKNOWN", Buffer.from("PROXY UNKNOWN\r\n"), null],
  ["UNKNOWN with anything", Buffer.from(`PROXY UNKNOWN ${"f".repeat(91)}\r\n`), null],
  [
    "version 2 over IPv4",
    v2(0x21, 0x11, V4),
    { remoteAddress: "203.0.113.9", remotePort: "5001", localAddress: "10.0.0.1", localPort: "443" },
  ],
  [
    "version 2 over IPv6 with extensions",
    v2(0x21, 0x21, Buffer.concat([V6, TLVS])),
    { remoteAddress: "2001:db8::7", remotePort: "5001", localAddress: "fd00::1", localPort: "443" },
  ],
  [
    "version 2 over a unix socket",
    v2(0x21, 0x31, Buffer.alloc(216)),
    { remoteAddress: "", remotePort: "", localAddress: "", localPort: "" },
  ],
  ["LOCAL", v2(0x20, 0x00, Buffer.alloc(0)), null],
  ["LOCAL with what is to be ignored", v2(0x20, 0x99, Buffer.from("abc")), null],
  ["an unspecified family", v2(0x21, 0x00, Buffer.alloc(0)), null],
];

const BAD: [string, Buffer][] = [
  ["a request", REQUEST],
  ["a line that is too long", Buffer.from(`PROXY UNKNOWN ${"f".repeat(92)}\r\n`)],
  ["a line without end", Buffer.from(`PROXY TCP4 ${" ".repeat(200)}`)],
  ["another protocol", Buffer.from("PROXY UDP4 1.1.1.1 2.2.2.2 1 2\r\n")],
  ["two spaces", Buffer.from("PROXY  TCP4 1.1.1.1 2.2.2.2 1 2\r\n")],
  ["a missing port", Buffer.from("PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n")],
  ["a port too many", Buffer.from("PROXY TCP4 1.1.1.1 2.2.2.2 1 2 3\r\n")],
  ["a port that is none", Buffer.from("PROXY TCP4 1.1.1.1 2.2.2.2 1 65536\r\n")],
  ["a port with a leading zero", Buffer.from("PROXY TCP4 1.1.1.1 2.2.2.2 01 2\r\n")],
  ["an address of the other family", Buffer.from("PROXY TCP4 ::1 ::1 1 2\r\n")],
  ["an address that is none", Buffer.from("PROXY TCP4 1.1.1.256 2.2.2.2 1 2\r\n")],
  ["a zone", Buffer.from("PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n")],
  ["small letters", Buffer.from("proxy TCP4 1.1.1.1 2.2.2.2 1 2\r\n")],
  ["a line feed alone", Buffer.from("PROXY TCP4 1.1.1.1 2.2.2.2 1 2\nPROXY\r\n")],
  ["a signature with a wrong byte", Buffer.from(`${SIGNATURE.slice(0, -2)}0b21110000`, "hex")],
  ["version 3", v2(0x31, 0x11, V4)],
  ["an unknown command", v2(0x22, 0x11, V4)],
  ["UDP", v2(0x21, 0x12, V4)],
  ["an unknown family", v2(0x21, 0x41, V4)],
  ["too few bytes for the addresses", v2(0x21, 0x11, V4.subarray(0, 11))],
  ["more bytes than a header needs", v2(0x20, 0x00, Buffer.alloc(4097))],
  ["an extension without length", v2(0x21, 0x11, Buffer.concat([V4, Buffer.from([1, 0])]))],
  ["an extension beyond the end", v2(0x21, 0x11, Buffer.concat([V4, Buffer.from([1, 0, 5, 65])]))],
];

describe("ProxyHeaderParser", () => {
  test.each(GOOD)("reads %s", (_, bytes, addresses) => {
    const header = parse(Buffer.concat([bytes, REQUEST]));
    expect(header?.addresses).toEqual(addresses);
    expect(header?.rest).toEqual(REQUEST);
  });

  test.each(BAD)("refuses %s", (_, bytes) => {
    expect(() => parse(bytes)).toThrow(expect.objectContaining({ status: 400, code: "ERR_HTTP_PROXY_PROTOCOL" }));
  });

  test.each([...GOOD, ...BAD].map(([name, bytes]) => [name, bytes] as const))(
    "says the same of %s however it is split",
    (_, header) => {
      const bytes = Buffer.concat([header, REQUEST]);
      const whole = parseInPieces(bytes, []);
      for (let cut = 1; cut < bytes.length; cut++) expect(parseInPieces(bytes, [cut])).toEqual(whole);
      expect(
        parseInPieces(
          bytes,
          Array.from({ length: bytes.length }, (__, index) => index),
        ),
      ).toEqual(whole);
    },
  );

  test("answers any bytes with a header, with patience or with a refusal, whatever the split", () => {
    const beginning = fc.constantFrom(
      "",
      "PROXY ",
      "PROXY TCP4 1.1.1.1 ",
      Buffer.from(SIGNATURE, "hex").toString("latin1"),
    );
    const bytes = fc.tuple(beginning, fc.uint8Array({ maxLength: 300 })).map(([text, rest]) => {
      return Buffer.concat([Buffer.from(text, "latin1"), rest]);
    });
    fc.assert(
      fc.property(bytes, fc.array(fc.nat()), (data, cuts) => {
        expect(parseInPieces(data, cuts)).toEqual(parseInPieces(data, []));
      }),
    );
  });

  test.each([
    ["v1", 0],
    ["v2", 4],
  ] as const)("of version %s takes that version only", (version, good) => {
    const [, bytes] = GOOD[good] as (typeof GOOD)[number];
    const [, other] = GOOD[4 - good] as (typeof GOOD)[number];
    expect(parse(bytes, version)).not.toBeNull();
    expect(() => parse(other, version)).toThrow(/PROXY protocol header/);
  });
});
