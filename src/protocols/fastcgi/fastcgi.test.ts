import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { attempt } from "../../../test/gateways/attempt.ts";
import { decodePairs, encodePairs, PairCollector } from "./pairs.ts";
import { encodeRecord, encodeStream, MAX_CONTENT_BYTES, recordHeader, RecordType } from "./record.ts";
import { type FastCGIRecord, RecordDecoder } from "./record-decoder.ts";

/** The records in some bytes, the parts of a stream's record joined. */
function decode(pieces: readonly Buffer[]): { type: number; id: number; content: string }[] {
  const records: { type: number; id: number; content: string }[] = [];
  const take = ({ type, id, content }: FastCGIRecord): void => {
    const last = records.at(-1);
    if (last !== undefined && last.type === type && last.id === id && content.length > 0 && last.content !== "") {
      last.content += content.toString("latin1");
    } else records.push({ type, id, content: content.toString("latin1") });
  };
  const decoder = new RecordDecoder(take);
  for (const piece of pieces) decoder.push(piece);
  expect(decoder.isBetweenRecords).toBe(true);
  return records;
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].toSorted((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end));
}

const someBytes = fc.uint8Array({ maxLength: 300 });
const someText = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });

describe("RecordDecoder", () => {
  test("gives the same records however their bytes are cut, with any padding", () => {
    const record = fc.record({
      type: fc.constantFrom(1, 3, 4, 5, 6, 9, 77),
      id: fc.integer({ min: 0, max: 65_535 }),
      content: fc.uint8Array({ minLength: 1, maxLength: 300 }),
      padding: fc.integer({ min: 0, max: 255 }),
    });
    fc.assert(
      fc.property(
        fc.array(record, { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (all, places) => {
          // An empty record between them keeps those of one stream apart.
          const bytes = Buffer.concat(
            all.flatMap(({ type, id, content, padding }) => {
              const bare = encodeRecord(type, id, content);
              bare[6] = padding;
              return [bare, Buffer.alloc(padding, 0xff), encodeRecord(RecordType.stdin, 0)];
            }),
          );
          const wanted = decode([bytes]);
          expect(wanted.filter(({ content }) => content !== "")).toEqual(
            all.map(({ type, id, content }) => ({ type, id, content: Buffer.from(content).toString("latin1") })),
          );
          expect(decode(cut(bytes, places))).toEqual(wanted);
          expect(decode(Array.from(bytes, (byte) => Buffer.from([byte])))).toEqual(wanted);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("throws nothing but GatewayProtocolError for random bytes, also behind a right beginning", () => {
    const property = fc.property(fc.array(someBytes, { maxLength: 5 }), fc.boolean(), (pieces, isBegun) => {
      const decoder = new RecordDecoder(() => {});
      attempt(() => {
        if (isBegun) decoder.push(Buffer.from([1, 5, 0, 1]));
        for (const piece of pieces) decoder.push(Buffer.from(piece));
      });
    });
    expect(() => fc.assert(property)).not.toThrow();
  });

  test("holds no more than one record: a stream is handed over as it arrives", () => {
    const sizes: number[] = [];
    const decoder = new RecordDecoder(({ content }) => sizes.push(content.length));
    decoder.push(Buffer.from(recordHeader(RecordType.stdin, 1, 65_535), "latin1"));
    for (let at = 0; at < 65; at += 1) decoder.push(Buffer.alloc(1000));
    expect(sizes).toEqual(Array.from({ length: 65 }, () => 1000));
    expect(decoder.isBetweenRecords).toBe(false);
  });
});

describe("records", () => {
  test.each([0, 127, 128, 65_527, 65_528, 65_529, 65_535, 65_536, 200_000])(
    "a stream of %i bytes comes back",
    (size) => {
      const content = Buffer.alloc(size, 7);
      const records: FastCGIRecord[] = [];
      new RecordDecoder((record) => records.push(record)).push(encodeStream(RecordType.stdin, 258, content));
      expect(Buffer.concat(records.map((record) => record.content)).equals(content)).toBe(true);
      expect(records.every(({ id, content: part }) => id === 258 && part.length > 0)).toBe(true);
    },
  );

  test("no length wraps at 65536", () => {
    expect(() => encodeRecord(RecordType.stdout, 1, Buffer.alloc(MAX_CONTENT_BYTES + 1))).toThrow(RangeError);
  });
});

describe("pairs", () => {
  test.each([0, 1, 127, 128, 255, 256, 65_000])("a value of %i bytes comes back", (size) => {
    const pairs = [
      ["NAME", "v".repeat(size)],
      ["", ""],
      ["x".repeat(size), "\u00ff"],
    ] as const;
    expect(decodePairs(encodePairs(pairs))).toEqual(pairs);
  });

  test("take lengths of four bytes also below 128", () => {
    expect(decodePairs(Buffer.from("\x80\0\0\x01\x80\0\0\x02abc", "latin1"))).toEqual([["a", "bc"]]);
  });

  test("come back however their stream is cut", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(someText, someText)), fc.array(fc.nat(), { maxLength: 150 }), (pairs, places) => {
        const collector = new PairCollector();
        for (const piece of cut(encodePairs(pairs), places)) collector.push(piece);
        expect(collector.end()).toEqual(pairs);
      }),
    );
  });

  test("of random bytes are pairs or a GatewayProtocolError", () => {
    const property = fc.property(someBytes, (bytes) => {
      attempt(() => decodePairs(Buffer.from(bytes)));
    });
    expect(() => fc.assert(property)).not.toThrow();
  });

  // CVE-2025-23016: the sum of two lengths wrapped.
  test.each([
    ["\xff\xff\xff\xff\xff\xff\xff\xffabc", 400],
    ["\x80\0\0\x05\xff\xff\xff\xfbhello", 400],
    ["\x05", 400],
    ["\x80\0", 400],
    ["\x01\x02ab", 400],
    ["\0\0".repeat(1001), 431],
  ])("%j is refused", (text, status) => {
    expect(() => decodePairs(Buffer.from(text, "latin1"))).toThrow(expect.objectContaining({ status }));
  });

  test("have 65536 bytes at most", () => {
    const collector = new PairCollector();
    for (let at = 0; at < 65_536; at += 1) collector.push(Buffer.alloc(1));
    expect(() => collector.push(Buffer.alloc(1))).toThrow(expect.objectContaining({ status: 431 }));
  });
});
