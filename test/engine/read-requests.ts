// Drives the parser and the body decoders as a connection does, without a socket: bytes in any pieces in, requests and a verdict out.
import { isDeepStrictEqual } from "node:util";
import { LengthDecoder, type BodyDecoder } from "../../src/http/body-decoder.ts";
import { ChunkedDecoder } from "../../src/http/chunked-decoder.ts";
import { ProtocolError } from "../../src/http/errors.ts";
import { HeadParser } from "../../src/http/head-parser.ts";
import { DEFAULT_LIMITS, type Limits } from "../../src/http/limits.ts";

/** A request as the parser saw it. */
export interface ReadRequest {
  readonly method: string;
  readonly target: string;
  readonly path: string;
  readonly query: string;
  readonly minor: number;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly contentLength: number;
  readonly isChunked: boolean;
  readonly isKeepAlive: boolean;
  readonly isContinueExpected: boolean;
  /** The body as latin-1; null while it is not complete. */
  readonly body: string | null;
}

/** What became of some bytes. */
export interface Reading {
  readonly requests: readonly ReadRequest[];
  /** `idle` between requests, `partial` within one, or the status with which the bytes are refused. */
  readonly verdict: "idle" | "partial" | number;
}

/**
 * Reads the bytes of a connection in pieces.
 *
 * @param bytes - a string is taken as latin-1
 * @param cuts - ascending offsets at which a piece ends
 * @throws whatever is no ProtocolError
 */
export function readRequests(
  bytes: Buffer | string,
  cuts: Iterable<number> = [],
  limits: Partial<Limits> = {},
): Reading {
  const data = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
  const reader = new Reader({ ...DEFAULT_LIMITS, ...limits });
  let start = 0;
  try {
    for (const cut of [...cuts, data.length]) {
      reader.take(data.subarray(start, cut));
      start = cut;
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { requests: reader.requests, verdict: error.status };
  }
  return { requests: reader.requests, verdict: reader.isPartial ? "partial" : "idle" };
}

class Reader {
  readonly requests: ReadRequest[] = [];
  readonly #limits: Limits;
  readonly #parser: HeadParser;
  #decoder: BodyDecoder | null = null;
  #body: Buffer[] = [];

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#parser = new HeadParser(limits, () => ({}));
  }

  get isPartial(): boolean {
    return this.#decoder !== null || this.#parser.isPartial;
  }

  take(piece: Buffer): void {
    const text = piece.toString("latin1");
    let position = 0;
    while (position < piece.length) {
      if (this.#decoder === null) {
        const end = this.#parser.feed(text, position);
        if (end === -1) return;
        position = end;
        this.#begin();
      } else {
        position = this.#decoder.decode(piece, position, (slice) => this.#body.push(Buffer.from(slice)));
        if (this.#decoder.isDone) this.#end();
      }
    }
  }

  #begin(): void {
    const parser = this.#parser;
    const hasBody = parser.isChunked || parser.contentLength > 0;
    this.requests.push({
      method: parser.method,
      target: parser.target?.raw ?? "",
      path: parser.target?.path ?? "",
      query: parser.target?.query ?? "",
      minor: parser.minor,
      variables: parser.variables,
      contentLength: parser.contentLength,
      isChunked: parser.isChunked,
      isKeepAlive: parser.isKeepAlive,
      isContinueExpected: parser.isContinueExpected,
      body: hasBody ? null : "",
    });
    if (hasBody)
      this.#decoder = parser.isChunked ? new ChunkedDecoder(this.#limits) : new LengthDecoder(parser.contentLength);
    parser.begin();
  }

  #end(): void {
    const last = this.requests.pop() as ReadRequest; // a decoder exists only behind a head
    this.requests.push({ ...last, body: Buffer.concat(this.#body).toString("latin1") });
    this.#body = [];
    this.#decoder = null;
  }
}

/**
 * The ways to cut some bytes that a table is driven through: whole, each single cut, byte by byte, in threes.
 * Of long bytes only the cuts near a line end, near either end and a sample of the others are taken.
 */
function* waysToCut(bytes: Buffer): Generator<number[]> {
  yield [];
  const isLong = bytes.length > 400;
  for (let cut = 1; cut < bytes.length; cut += 1) {
    if (!isLong || cut < 40 || cut > bytes.length - 40 || cut % 509 === 0 || isNearLineEnd(bytes, cut)) yield [cut];
  }
  if (bytes.length > 20_000) return;
  yield Array.from({ length: bytes.length - 1 }, (_, index) => index + 1);
  yield Array.from({ length: Math.ceil(bytes.length / 3) - 1 }, (_, index) => 3 * (index + 1));
}

/**
 * Whether bytes are read alike however they are cut. What differs is best shown by a comparison of the two readings; thousands of those
 * that do not differ would take seconds.
 *
 * @returns the first cuts at which they are read otherwise, and that reading; undefined where there are none
 */
export function readOtherwise(
  bytes: Buffer,
  whole: Reading,
): { cuts: readonly number[]; reading: Reading } | undefined {
  for (const cuts of waysToCut(bytes)) {
    const reading = readRequests(bytes, cuts);
    if (!isDeepStrictEqual(reading, whole)) return { cuts, reading };
  }
  return undefined;
}

function isNearLineEnd(bytes: Buffer, cut: number): boolean {
  const near = bytes.subarray(Math.max(0, cut - 2), cut + 2);
  return near.includes(0x0a) && cut % 7 < 2;
}
