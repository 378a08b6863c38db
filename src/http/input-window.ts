// What was received and not yet read: bytes, of which a part is looked at as text.
//
// Heads are read as text, bodies are cut out as bytes. To turn all that came into text would copy a body that stands behind a head, and to
// turn each request alone would cost a call for each of a pipeline; so a window of the bytes is text, and moves when it was read.
import type { BodyDecoder } from "./body-decoder.ts";
import type { HeadParser } from "./head-parser.ts";

/** Received bytes are looked at as text in windows of this size. */
const WINDOW_BYTES = 4096;

/** The input of a connection, in the order in which it came. */
export class InputWindow {
  /** Bytes whose turn has not come; null when there are none. */
  #bytes: Buffer | null = null;
  /** From here on they are unread. */
  #offset = 0;
  /** A part of `#bytes` as text, and where in them it begins. */
  #text = "";
  #textStart = 0;

  /** True when everything was read. */
  get isEmpty(): boolean {
    return this.#bytes === null;
  }

  /** How many bytes wait. */
  get unreadBytes(): number {
    return this.#bytes === null ? 0 : this.#bytes.length - this.#offset;
  }

  /** Adds what was received. */
  add(chunk: Buffer): void {
    this.#bytes = this.#bytes === null ? chunk : Buffer.concat([this.#bytes.subarray(this.#offset), chunk]);
    this.#offset = 0;
    this.#text = "";
  }

  /** Forgets what was not read. */
  clear(): void {
    this.#bytes = null;
    this.#text = "";
  }

  /**
   * Lets a parser read on in its head.
   *
   * @returns true when the head is complete; false when the window was read and the parser needs more
   * @throws ProtocolError when the head is refused
   */
  readHead(parser: HeadParser): boolean {
    const bytes = this.#bytes;
    if (bytes === null) return false;
    if (this.#text === "" || this.#offset >= this.#textStart + this.#text.length) {
      this.#textStart = this.#offset;
      this.#text = bytes.toString("latin1", this.#offset, Math.min(bytes.length, this.#offset + WINDOW_BYTES));
    }
    const end = parser.feed(this.#text, this.#offset - this.#textStart);
    this.#moveTo(bytes, this.#textStart + (end === -1 ? this.#text.length : end));
    return end !== -1;
  }

  /**
   * Lets a decoder take what belongs to its body.
   *
   * @param emit - receives each slice of the body
   * @throws ProtocolError when the coding is broken
   */
  readBody(decoder: BodyDecoder, emit: (slice: Buffer) => void): void {
    const bytes = this.#bytes;
    if (bytes !== null) this.#moveTo(bytes, decoder.decode(bytes, this.#offset, emit));
  }

  #moveTo(bytes: Buffer, offset: number): void {
    this.#offset = offset;
    if (offset >= bytes.length) this.clear();
  }
}
