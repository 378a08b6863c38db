// A multipart body, in any split of its bytes. Source: RFC 2046 section 5.1.1; RFC 7578.
// Bytes go in with `push`, events come out of `next`. The machine:
//   preamble → delimiter → headers → content → delimiter → … → epilogue
// It is strict where two parsers could see different parts: lines end with CRLF, a header has a name and a colon, a line that begins with
// the boundary is a delimiter and nothing else, and a body that does not end is an error.
// Every byte is looked at a bounded number of times, whatever the split: what waits for more bytes is kept in a buffer that doubles.
import { MultipartError } from "./errors.ts";
import { trimBlanks } from "./header-parameters.ts";

/** A header of a part: its name in lower case and its value, native strings. */
export type PartHeader = [name: string, value: string];

/** What {@link MultipartParser.next} gives. */
export type MultipartEvent =
  | { readonly kind: "part"; readonly headers: readonly PartHeader[] }
  | { readonly kind: "data"; readonly bytes: Buffer }
  | { readonly kind: "part-end" }
  | { readonly kind: "end" };

/** How large the headers of one part may be. */
export interface MultipartLimits {
  readonly headerBytes: number;
  readonly headerLines: number;
}

type State = "preamble" | "delimiter" | "headers" | "content" | "epilogue";

const CR = 0x0d;
const DASH = 0x2d;
/** Stands before the body, so that a delimiter at its very beginning is one like all others. */
const LINE_END = Buffer.from("\r\n");
const PART_END: MultipartEvent = { kind: "part-end" };
const END: MultipartEvent = { kind: "end" };
/** Printable ASCII, not ending with a space. RFC 2046 allows fewer; clients do not keep to it. */
const BOUNDARY = /^[ -~]{0,69}[!-~]$/;
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f]/;

/** Parses one multipart body. */
export class MultipartParser {
  /** CRLF, two dashes and the boundary. */
  readonly #delimiter: Buffer;
  readonly #limits: MultipartLimits;
  #state: State = "preamble";
  /** Bytes from `start` to `end` are unread; those before `scanned` were searched in vain. */
  #data: Buffer = LINE_END;
  #start = 0;
  #end = LINE_END.length;
  #scanned = 0;
  /** Whether `data` is ours, so that bytes may be added behind its end. */
  #isOwn = false;
  #headers: PartHeader[] = [];
  #headerBytes = 0;
  /** Whether the first two bytes of the content are the line end of the headers. */
  #isAfterHeaders = false;
  #skipped = 0;
  #part = 0;

  /**
   * @param boundary - the parameter of Content-Type
   * @param limits - of the headers of a part
   * @throws MultipartError when the boundary is none
   */
  constructor(boundary: string, limits: MultipartLimits) {
    if (!BOUNDARY.test(boundary)) throw new MultipartError("Expected a boundary of 1 to 70 printable characters");
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, "latin1");
    this.#limits = limits;
  }

  /** Number of the part that is being read; 0 before the first. */
  get part(): number {
    return this.#part;
  }

  /** Adds bytes. They belong to the parser from then on, and the bytes of its events are views of them. */
  push(chunk: Uint8Array): void {
    const left = this.#end - this.#start;
    if (left === 0) {
      this.#data = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      this.#start = this.#scanned = 0;
      this.#end = chunk.length;
      this.#isOwn = false;
      return;
    }
    if (!this.#isOwn || this.#end + chunk.length > this.#data.length) {
      const grown = Buffer.allocUnsafeSlow(chunk.length > left ? left + chunk.length : 2 * (left + chunk.length));
      grown.set(this.#data.subarray(this.#start, this.#end));
      this.#scanned = Math.max(0, this.#scanned - this.#start);
      this.#data = grown;
      this.#start = 0;
      this.#end = left;
      this.#isOwn = true;
    }
    this.#data.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /**
   * Gives the next event.
   *
   * @returns the event; null when more bytes are needed. After the last part there is `end`, again and again.
   * @throws MultipartError when the body is malformed or the headers of a part are beyond a limit
   */
  next(): MultipartEvent | null {
    for (;;) {
      switch (this.#state) {
        case "preamble":
          if (!this.#skipPreamble()) return null;
          break;
        case "delimiter":
          if (!this.#passDelimiter()) return null;
          break;
        case "headers":
          if (!this.#readHeaders()) return null;
          // Of a part without content the empty line is the line end of its delimiter (RFC 2046, `body-part`).
          this.#start -= 2;
          this.#scanned = this.#start;
          this.#isAfterHeaders = true;
          this.#state = "content";
          return { kind: "part", headers: this.#headers };
        case "content":
          return this.#readContent();
        case "epilogue":
          // Whatever follows is no part of the message (RFC 2046).
          this.#start = this.#end;
          return END;
        default:
          throw new TypeError(`Unknown state ${String(this.#state satisfies never)}`);
      }
    }
  }

  /**
   * Says that no more bytes come.
   *
   * @throws MultipartError unless the last delimiter was there
   */
  finish(): void {
    if (this.#state === "epilogue") return;
    const where = {
      preamble: "before its first part",
      delimiter: `behind part ${this.#part}`,
      headers: `in the headers of part ${this.#part}`,
      content: `in the content of part ${this.#part}`,
    }[this.#state];
    throw new MultipartError(`Expected the form to end with its boundary, got its end ${where}`);
  }

  #skipPreamble(): boolean {
    const found = this.#findDelimiter();
    const end = found === -1 ? this.#beginOfDelimiter() : found;
    this.#skipped += end - this.#start;
    this.#start = this.#scanned = end;
    if (this.#skipped > this.#limits.headerBytes) {
      throw new MultipartError(`Expected the boundary within the first ${this.#limits.headerBytes} bytes of the form`);
    }
    return found !== -1 && this.#enterDelimiter();
  }

  #enterDelimiter(): true {
    this.#start = this.#scanned = this.#start + this.#delimiter.length;
    this.#state = "delimiter";
    return true;
  }

  /** Behind a boundary: two dashes are the end; otherwise blanks may follow, and a line end. */
  #passDelimiter(): boolean {
    const data = this.#data;
    let position = this.#start;
    if (this.#end - position < 2) return false;
    if (data[position] === DASH && data[position + 1] === DASH) {
      this.#state = "epilogue";
      return true;
    }
    while (position < this.#end && (data[position] === 0x20 || data[position] === 0x09)) position += 1;
    if (position - this.#start > this.#limits.headerBytes) throw this.#wrongDelimiter();
    if (this.#end - position < 2) {
      if (position < this.#end && data[position] !== CR) throw this.#wrongDelimiter();
      return false;
    }
    if (data[position] !== CR || data[position + 1] !== 0x0a) throw this.#wrongDelimiter();
    this.#start = this.#scanned = position + 2;
    this.#state = "headers";
    this.#headers = [];
    this.#headerBytes = 0;
    this.#part += 1;
    return true;
  }

  #wrongDelimiter(): MultipartError {
    return new MultipartError(`Expected the end of the line behind the boundary after part ${this.#part}`);
  }

  /** Reads header lines up to the empty one; false when it has not come. */
  #readHeaders(): boolean {
    for (;;) {
      const end = this.#findLineEnd();
      const length = (end === -1 ? this.#end : end) - this.#start;
      if (this.#headerBytes + length > this.#limits.headerBytes) {
        const most = `${this.#limits.headerBytes} bytes of headers`;
        throw new MultipartError(`Expected at most ${most} in part ${this.#part} of the form`, true);
      }
      if (end === -1) return false;
      const line = this.#data.toString("latin1", this.#start, end);
      this.#headerBytes += length + 2;
      this.#start = this.#scanned = end + 2;
      if (line === "") return true;
      this.#headers.push(this.#parseHeader(line));
    }
  }

  #parseHeader(line: string): PartHeader {
    if (this.#headers.length >= this.#limits.headerLines) {
      const most = `${this.#limits.headerLines} headers`;
      throw new MultipartError(`Expected at most ${most} in part ${this.#part} of the form`, true);
    }
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0));
    const value = trimBlanks(line.slice(colon + 1));
    if (!HEADER_NAME.test(name) || CONTROL.test(value)) {
      const number = this.#headers.length + 1;
      throw new MultipartError(`Expected "Name: value" as header ${number} of part ${this.#part} of the form`);
    }
    return [name.toLowerCase(), value];
  }

  #readContent(): MultipartEvent | null {
    const found = this.#findDelimiter();
    const end = found === -1 ? this.#beginOfDelimiter() : found;
    if (this.#isAfterHeaders && end > this.#start) {
      this.#isAfterHeaders = false;
      this.#start += 2;
    }
    if (end > this.#start) {
      const bytes = this.#data.subarray(this.#start, end);
      this.#start = this.#scanned = end;
      return { kind: "data", bytes };
    }
    this.#scanned = end;
    if (found === -1) return null;
    this.#enterDelimiter();
    return PART_END;
  }

  #findDelimiter(): number {
    // Behind the end of a buffer of ours is what was in the memory before.
    const found = this.#data.indexOf(this.#delimiter, this.#scanned);
    return found !== -1 && found + this.#delimiter.length <= this.#end ? found : -1;
  }

  /** Returns the index from which the last bytes may be the start of a delimiter; the end if they are not. */
  #beginOfDelimiter(): number {
    const { length } = this.#delimiter;
    const first = Math.max(this.#start, this.#end - length + 1);
    for (let index = this.#data.indexOf(CR, first); index !== -1; index = this.#data.indexOf(CR, index + 1)) {
      if (index >= this.#end) break;
      if (this.#data.compare(this.#delimiter, 0, this.#end - index, index, this.#end) === 0) return index;
    }
    return this.#end;
  }

  #findLineEnd(): number {
    const found = this.#data.indexOf("\r\n", this.#scanned, "latin1");
    if (found !== -1 && found + 2 <= this.#end) return found;
    this.#scanned = Math.max(this.#start, this.#end - 1);
    return -1;
  }
}
