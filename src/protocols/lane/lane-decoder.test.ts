import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LaneProtocolError } from "./errors.ts";
import { FrameFlag, frameHeader, frameText, FrameType, type LaneFrame } from "./frame.ts";
import { LaneDecoder, MAX_HEAD_BYTES, MAX_WHOLE_BYTES } from "./lane-decoder.ts";

/** Joins what the decoder hands over in parts, so that results can be compared whatever the pieces were. */
function decodeAll(
  pieces: Buffer[],
): { type: number; id: number; flags: number; aux: number; head: string; body: string }[] {
  const frames: { type: number; id: number; flags: number; aux: number; head: string; body: string }[] = [];
  let left = 0;
  const decoder = new LaneDecoder((frame: LaneFrame) => {
    const last = frames.at(-1);
    if (left > 0 && last !== undefined) {
      last.body += frame.body.toString("latin1");
      last.flags = frame.flags;
      left -= frame.body.length;
      return;
    }
    frames.push({
      type: frame.type,
      id: frame.id,
      flags: frame.flags,
      aux: frame.aux,
      head: frame.head,
      body: frame.body.toString("latin1"),
    });
    left = frame.totalBytes >= 0 ? frame.totalBytes - frame.body.length : 0;
  });
  for (const piece of pieces) decoder.push(piece);
  expect(decoder.isBetweenFrames).toBe(true);
  return frames;
}

/** Cuts a buffer at the given places. */
function cut(data: Buffer, places: number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % (data.length + 1)))].toSorted((a, b) => a - b);
  const pieces: Buffer[] = [];
  let start = 0;
  for (const end of [...ends, data.length]) {
    pieces.push(Buffer.from(data.subarray(start, end)));
    start = end;
  }
  return pieces;
}

function decodePieces(pieces: Uint8Array[]): void {
  const decoder = new LaneDecoder(() => {});
  for (const piece of pieces) decoder.push(Buffer.from(piece));
}

function thrownBy(action: () => void): object | undefined {
  try {
    action();
  } catch (error) {
    return error as object;
  }
  return undefined;
}

const latin1 = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 60,
});
const anyFrame = fc.record({
  type: fc.constantFrom(FrameType.response, FrameType.fail, FrameType.log, FrameType.request, FrameType.give),
  id: fc.integer({ min: 0, max: 0xff_ff_ff_ff }),
  flags: fc.constant(FrameFlag.end),
  aux: fc.integer({ min: 0, max: 65_535 }),
  head: latin1,
  body: latin1,
});

describe("LaneDecoder", () => {
  test("gives the same frames however the bytes are cut", () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 20 }), (frames, places) => {
        const text = frames
          .map(({ type, id, head, body, flags, aux }) => frameText(type, id, head, body, flags, aux))
          .join("");
        expect(decodeAll(cut(Buffer.from(text, "latin1"), places))).toEqual(frames);
      }),
    );
  });

  test("raises only protocol errors on random bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 5 }), (pieces) => {
        expect([undefined, LaneProtocolError]).toContain(thrownBy(() => decodePieces(pieces))?.constructor);
      }),
    );
  });

  test("hands a long body over as it comes, `end` on its last part", () => {
    const frames: LaneFrame[] = [];
    const decoder = new LaneDecoder((frame) => frames.push(frame));
    decoder.push(Buffer.from(`${frameHeader(FrameType.response, 9, 6, 10, FrameFlag.end, 200)}200 OKabc`, "latin1"));
    decoder.push(Buffer.from("defg"));
    decoder.push(Buffer.from("hij"));
    expect(
      frames.map(({ type, flags, head, body, totalBytes }) => [type, flags, head, body.toString(), totalBytes]),
    ).toEqual([
      [FrameType.response, 0, "200 OK", "abc", 10],
      [FrameType.chunk, 0, "", "defg", -1],
      [FrameType.chunk, FrameFlag.end, "", "hij", -1],
    ]);
    expect(decoder.isBetweenFrames).toBe(true);
  });

  test.each([
    ["a head longer than its frame", frameHeader(FrameType.response, 1, 10, 0).replace(/^./s, "\u0004")],
    ["a head above the limit", frameHeader(FrameType.response, 1, MAX_HEAD_BYTES + 1, 0)],
    ["a frame above the limit that must be whole", frameHeader(FrameType.fail, 1, 0, MAX_WHOLE_BYTES + 1)],
  ])("refuses %s", (_what, text) => {
    const decoder = new LaneDecoder(() => {});
    expect(() => decoder.push(Buffer.from(text, "latin1"))).toThrow(LaneProtocolError);
  });
});
