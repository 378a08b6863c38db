// Decodes the chunked transfer coding (RFC 9112 section 7.1) without copying data, and checks extensions and trailers, which are dropped.
// Every bound here has a CVE behind it: extensions (CVE-2024-22019, CVE-2024-21647, CVE-2025-55315), the bytes behind the data
// (CVE-2025-43859), the size itself (CVE-2023-38697), trailers (CVE-2025-53643, CVE-2023-40175).
import type { BodyDecoder } from "./body-decoder.ts";
import { bodyTooLarge, ProtocolError } from "./errors.ts";
import { CHUNK_EXTENSION, CHUNK_SIZE, NOT_FIELD_VALUE, TOKEN, trimOWS } from "./grammar.ts";
import type { Limits } from "./limits.ts";

/** Fields that would change framing, routing or rights; in a trailer they can only be an attack (RFC 9110 section 6.5.1). */
const FORBIDDEN_TRAILERS = new Set([
  "content-length",
  "transfer-encoding",
  "host",
  "authorization",
  "te",
  "trailer",
  "connection",
  "content-encoding",
]);

type State = "size" | "data" | "data-cr" | "data-lf" | "trailer" | "done";

const CR = 0x0d;
const LF = 0x0a;

/** A `BodyDecoder` for one chunked body. */
export class ChunkedDecoder implements BodyDecoder {
  readonly #limits: Limits;
  #state: State = "size";
  #line = "";
  #dataLeft = 0;
  #bodyBytes = 0;
  #extensionBytes = 0;
  #trailerBytes = 0;
  #trailerFields = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get isDone(): boolean {
    return this.#state === "done";
  }

  get bytesLeft(): number {
    return this.isDone ? 0 : Number.POSITIVE_INFINITY;
  }

  decode(data: Buffer, start: number, emit: (slice: Buffer) => void): number {
    let position = start;
    while (position < data.length && this.#state !== "done") {
      switch (this.#state) {
        case "size":
        case "trailer":
          position = this.#takeLine(data, position);
          break;
        case "data": {
          const end = Math.min(data.length, position + this.#dataLeft);
          this.#dataLeft -= end - position;
          emit(data.subarray(position, end));
          position = end;
          if (this.#dataLeft === 0) this.#state = "data-cr";
          break;
        }
        case "data-cr":
          if (data[position] !== CR) throw badChunk("The data of a chunk is not followed by CR LF");
          position += 1;
          this.#state = "data-lf";
          break;
        case "data-lf":
          if (data[position] !== LF) throw badChunk("The data of a chunk is not followed by CR LF");
          position += 1;
          this.#state = "size";
          break;
        default:
          return this.#state satisfies never;
      }
    }
    return position;
  }

  /** Collects bytes up to CR LF; judges the line when it is complete, or when it can no longer become a good one. */
  #takeLine(data: Buffer, start: number): number {
    const end = data.indexOf(LF, start);
    const stop = end === -1 ? data.length : end;
    const allowed =
      this.#state === "size" ? this.#limits.maxChunkLineBytes : this.#limits.maxTrailerBytes - this.#trailerBytes;
    const line = this.#line + data.toString("latin1", start, Math.min(stop, start + allowed + 2));
    const hasCR = line.endsWith("\r");
    const text = hasCR ? line.slice(0, -1) : line;
    if (text.length > allowed) this.#refuseLength(text.slice(0, allowed + 1));
    // The part that waited was looked at when it came, except for a CR at its end.
    const seen = this.#line.endsWith("\r") ? this.#line.length - 1 : this.#line.length;
    if (NOT_FIELD_VALUE.test(seen === 0 ? text : text.slice(seen))) throw badByte();
    if (end === -1) {
      this.#line = line;
      return data.length;
    }
    if (!hasCR) throw badByte();
    this.#line = "";
    if (this.#state === "size") this.#sizeLine(text);
    else this.#trailerLine(text);
    return end + 1;
  }

  #refuseLength(prefix: string): never {
    if (NOT_FIELD_VALUE.test(prefix)) throw badByte();
    if (this.#state === "size")
      throw badChunk(`A chunk size with its extensions is longer than ${this.#limits.maxChunkLineBytes} bytes`);
    throw trailersTooLarge();
  }

  #sizeLine(line: string): void {
    const semicolon = line.indexOf(";");
    const digits = semicolon === -1 ? line : trimOWSEnd(line.slice(0, semicolon));
    if (!CHUNK_SIZE.test(digits)) throw badChunk("A chunk size is not made of 1 to 16 hexadecimal digits");
    if (semicolon !== -1) this.#checkExtension(line.slice(semicolon));
    const size = Number.parseInt(digits, 16);
    this.#bodyBytes += size;
    const limit = this.#limits.maxBodyBytes === 0 ? Number.MAX_SAFE_INTEGER : this.#limits.maxBodyBytes;
    if (this.#bodyBytes > limit) throw bodyTooLarge(limit);
    this.#dataLeft = size;
    this.#state = size === 0 ? "trailer" : "data";
  }

  /** Extensions are ignored, but must follow the grammar: what they hold must not be readable in two ways (RFC 9112 section 7.1.1). */
  #checkExtension(extension: string): void {
    this.#extensionBytes += extension.length;
    if (this.#extensionBytes > this.#limits.maxChunkExtensionBytes) {
      throw badChunk(
        `The chunk extensions of the body are longer than ${this.#limits.maxChunkExtensionBytes} bytes in all`,
      );
    }
    for (let position = 0; position < extension.length;) {
      CHUNK_EXTENSION.lastIndex = position;
      if (!CHUNK_EXTENSION.test(extension))
        throw badChunk("A chunk extension is not of the form ';name', ';name=token' or ';name=\"text\"'");
      position = CHUNK_EXTENSION.lastIndex;
    }
  }

  #trailerLine(line: string): void {
    if (line === "") {
      this.#state = "done";
      return;
    }
    this.#trailerBytes += line.length + 2;
    this.#trailerFields += 1;
    if (this.#trailerFields > this.#limits.maxTrailerFields) throw trailersTooLarge();
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon));
    if (!TOKEN.test(name)) throw badTrailer("A trailer field is not of the form 'Name: value'");
    if (FORBIDDEN_TRAILERS.has(name.toLowerCase()))
      throw badTrailer(`The trailer contains '${name.toLowerCase()}', which is not allowed there`);
  }
}

function trimOWSEnd(text: string): string {
  const trimmed = trimOWS(text);
  return text.startsWith(trimmed) ? trimmed : text;
}

function badByte(): ProtocolError {
  return new ProtocolError(
    400,
    "ERR_HTTP_BAD_BYTE",
    "A chunk line or trailer contains a control character or does not end in CR LF",
  );
}

function badChunk(message: string): ProtocolError {
  return new ProtocolError(400, "ERR_HTTP_CHUNK", message);
}

function badTrailer(message: string): ProtocolError {
  return new ProtocolError(400, "ERR_HTTP_TRAILER", message);
}

function trailersTooLarge(): ProtocolError {
  return new ProtocolError(431, "ERR_HTTP_TRAILERS_TOO_LARGE", "The trailer has too many fields or is too long");
}
