// Decodes the frames of a lane from bytes that come in any pieces. No I/O. Source: docs/lane-protocol.md.
// A frame with a body (`response`, `chunk`) is handed over as its bytes arrive: its first part as itself without `end`,
// the rest as frames of the type that continues it. All others are kept until they are complete. So memory stays constant.
import { Buffer } from "node:buffer";
import { LaneProtocolError } from "./errors.ts";
import { FRAME_HEADER_BYTES, FrameFlag, FrameType, type LaneFrame } from "./frame.ts";

/** Longest head that is accepted: far above what any response needs. */
export const MAX_HEAD_BYTES = 1_048_576;
/** Longest payload of a frame that must be complete before it is handed over. */
export const MAX_WHOLE_BYTES = 16_777_216;

const EMPTY = Buffer.alloc(0);

/** Which type continues a frame that is handed over in parts. */
const CONTINUED_BY = new Map<number, number>([
  [FrameType.response, FrameType.chunk],
  [FrameType.chunk, FrameType.chunk],
]);

/** The state of one lane's incoming bytes. */
export class LaneDecoder {
  readonly #onFrame: (frame: LaneFrame) => void;
  /** Bytes of an incomplete frame, and how many are needed before looking again. */
  #pieces: Buffer[] = [];
  #heldBytes = 0;
  #neededBytes = 0;
  /** What is missing of a body that is being handed over in parts. */
  #bodyLeft = 0;
  #bodyType = 0;
  #bodyFlags = 0;
  #bodyId = 0;
  #bodyAux = 0;

  /** @param onFrame - receives each frame, in order; what it throws comes out of `push` */
  constructor(onFrame: (frame: LaneFrame) => void) {
    this.#onFrame = onFrame;
  }

  /** True between frames: an end of the stream here loses nothing. */
  get isBetweenFrames(): boolean {
    return this.#heldBytes === 0 && this.#bodyLeft === 0;
  }

  /**
   * Takes the next bytes.
   *
   * @param chunk - owned by the decoder from now on; bodies are views of it
   * @throws LaneProtocolError when a length is impossible
   */
  push(chunk: Buffer): void {
    let data = chunk;
    if (this.#heldBytes > 0) {
      this.#pieces.push(chunk);
      this.#heldBytes += chunk.length;
      if (this.#heldBytes < this.#neededBytes) return;
      data = Buffer.concat(this.#pieces, this.#heldBytes);
      this.#pieces = [];
      this.#heldBytes = 0;
    }
    let at = 0;
    while (at < data.length) {
      const next = this.#bodyLeft > 0 ? this.#continue(data, at) : this.#begin(data, at);
      if (next === at) {
        this.#pieces = [at === 0 ? data : data.subarray(at)];
        this.#heldBytes = data.length - at;
        return;
      }
      at = next;
    }
  }

  /** Reads the frame that begins at `at`; returns where it ends, or `at` when more bytes are needed first. */
  #begin(data: Buffer, at: number): number {
    const available = data.length - at;
    if (available < FRAME_HEADER_BYTES) return this.#need(at, FRAME_HEADER_BYTES);
    const length = data.readUInt32LE(at);
    const headBytes = data.readUInt32LE(at + 8);
    const type = data[at + 12] as number; // 16 bytes are there
    const flags = data[at + 13] as number;
    if (headBytes > length || headBytes > MAX_HEAD_BYTES) {
      throw new LaneProtocolError(
        `Expected a head of at most ${MAX_HEAD_BYTES} bytes within its frame, got ${headBytes} of ${length}`,
      );
    }
    const bodyStart = at + FRAME_HEADER_BYTES + headBytes;
    const end = at + FRAME_HEADER_BYTES + length;
    const isWhole = end <= data.length;
    const continuation = isWhole ? undefined : CONTINUED_BY.get(type);
    if (!isWhole) {
      if (continuation === undefined) {
        if (length > MAX_WHOLE_BYTES)
          throw new LaneProtocolError(
            `Expected at most ${MAX_WHOLE_BYTES} bytes in a frame of type ${type}, got ${length}`,
          );
        return this.#need(at, FRAME_HEADER_BYTES + length);
      }
      if (bodyStart > data.length) return this.#need(at, FRAME_HEADER_BYTES + headBytes);
    }
    const id = data.readUInt32LE(at + 4);
    const aux = data.readUInt16LE(at + 14);
    const isLast = (flags & FrameFlag.end) !== 0;
    const bodyBytes = length - headBytes;
    const stop = isWhole ? end : data.length;
    if (continuation !== undefined) {
      this.#bodyLeft = end - data.length;
      this.#bodyType = continuation;
      this.#bodyFlags = flags;
      this.#bodyId = id;
      this.#bodyAux = aux;
    }
    this.#onFrame({
      type,
      flags: isWhole ? flags : flags & ~FrameFlag.end,
      aux,
      id,
      head: headBytes === 0 ? "" : data.toString("latin1", at + FRAME_HEADER_BYTES, bodyStart),
      body: bodyStart === stop ? EMPTY : data.subarray(bodyStart, stop),
      totalBytes: isLast ? bodyBytes : -1,
    });
    return stop;
  }

  /** Hands over what is there of a body that began in an earlier piece. */
  #continue(data: Buffer, at: number): number {
    const stop = Math.min(data.length, at + this.#bodyLeft);
    this.#bodyLeft -= stop - at;
    const flags = this.#bodyLeft === 0 ? this.#bodyFlags : this.#bodyFlags & ~FrameFlag.end;
    this.#onFrame({
      type: this.#bodyType,
      flags,
      aux: this.#bodyAux,
      id: this.#bodyId,
      head: "",
      body: data.subarray(at, stop),
      totalBytes: -1,
    });
    return stop;
  }

  #need(at: number, bytes: number): number {
    this.#neededBytes = bytes;
    return at;
  }
}
