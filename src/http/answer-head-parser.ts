// Parses the head of an answer, line by line: the counterpart of head-parser.ts, with the same grammar and the same choices. A line is judged
// when it is complete (or has become too long, or holds a byte that no line may hold), so that any split of the same bytes gives the same
// result. What two readers could understand differently is refused: the rest of the answer would be somebody else's.
// Source: RFC 9112 sections 2.2, 4, 5, 6; RFC 9110 section 8.6.
import { AnswerError } from "./answer-error.ts";
import { answerFieldName, AnswerRole } from "./answer-field-names.ts";
import { MAX_LENGTH_DIGITS, readContentLength } from "./content-length.ts";
import { listOf, NOT_FIELD_VALUE, trimOWS } from "./grammar.ts";
import type { Limits } from "./limits.ts";
import { wantsKeepAlive } from "./request-rules.ts";

const LF = 0x0a;
const COLON = 0x3a;
const SPACE = 0x20;
/** "HTTP/1.x NNN". */
const SHORTEST_STATUS_LINE = 12;

/** The bounds of an answer's head. */
export type AnswerHeadLimits = Pick<Limits, "maxHeadBytes" | "maxFields" | "maxFieldNameBytes">;

/** Parses one head at a time; `begin` prepares it for the next. After it has thrown, do not feed it again. */
export class AnswerHeadParser {
  statusCode = 0;
  /** Empty when there is none. */
  reason = "";
  /** The minor version: 0 or 1. */
  minor = 1;
  /** The fields to be handed on: those of the connection are not among them. */
  fields: [name: string, value: string][] = [];
  /** -1 when none is declared. */
  contentLength = -1;
  isChunked = false;
  /** Whether the server leaves the connection open. */
  isKeepAlive = true;
  /** For how long it does, in seconds, as far as it says so; -1 when it does not. */
  keepAliveSeconds = -1;
  /** What Upgrade says; empty when there is none. */
  upgrade = "";
  /** Bytes of this head seen so far. */
  headBytes = 0;

  readonly #limits: AnswerHeadLimits;
  #partial = "";
  #isInFields = false;
  #fieldCount = 0;
  #connection: string | null = null;
  #transferEncoding: string | null = null;

  constructor(limits: AnswerHeadLimits) {
    this.#limits = limits;
  }

  /** Prepares for the next head. */
  begin(): void {
    this.fields = [];
    this.contentLength = -1;
    this.isChunked = false;
    this.keepAliveSeconds = -1;
    this.upgrade = "";
    this.headBytes = 0;
    this.#isInFields = false;
    this.#fieldCount = 0;
    this.#connection = null;
    this.#transferEncoding = null;
  }

  /**
   * Reads on.
   *
   * @param text - received bytes as a latin-1 string
   * @param start - where to begin in it
   * @returns the position behind the head, or -1 when all was taken and more is needed
   * @throws AnswerError when the head is refused
   */
  feed(text: string, start: number): number {
    let from = start;
    let scan = start;
    let shift = 0;
    if (this.#partial !== "") {
      // Positions in the joined text lie `shift` behind those in `text`. The part that was searched is not searched again.
      shift = this.#partial.length - start;
      scan = this.#partial.endsWith("\r") ? this.#partial.length - 1 : this.#partial.length;
      from = 0;
      text = this.#partial + text.slice(start);
      this.#partial = "";
    }
    for (;;) {
      const end = text.indexOf("\r", scan);
      if (end === -1 || end + 1 === text.length) {
        this.#keep(text.slice(from), scan - from);
        return -1;
      }
      this.#checkLength(end - from, text, from);
      if (text.charCodeAt(end + 1) !== LF) throw badByte();
      this.headBytes += end + 2 - from;
      if (!this.#isInFields) this.#statusLine(text.slice(from, end));
      else if (end > from) this.#fieldLine(text, from, end);
      else {
        this.#finish();
        return end + 2 - shift;
      }
      from = end + 2;
      scan = from;
    }
  }

  /** Keeps an incomplete line, unless it can no longer become a good one. @param seen - how much of it was looked at when it came */
  #keep(partial: string, seen: number): void {
    const line = partial.endsWith("\r") ? partial.slice(0, -1) : partial;
    this.#checkLength(line.length, line, 0);
    if (NOT_FIELD_VALUE.test(seen === 0 ? line : line.slice(seen))) throw badByte();
    this.#partial = partial;
  }

  #checkLength(length: number, text: string, from: number): void {
    const allowed = this.#limits.maxHeadBytes - this.headBytes;
    if (length <= allowed) return;
    if (NOT_FIELD_VALUE.test(text.slice(from, from + allowed + 1))) throw badByte();
    throw tooLarge(`longer than ${this.#limits.maxHeadBytes} bytes`);
  }

  /** `HTTP/1.x NNN reason`; several servers leave out the space behind the code together with the reason. */
  #statusLine(line: string): void {
    if (NOT_FIELD_VALUE.test(line)) throw badByte();
    const isVersion = line.startsWith("HTTP/1.1 ") || line.startsWith("HTTP/1.0 ");
    const code = isVersion ? line.slice(9, SHORTEST_STATUS_LINE) : "";
    const isEnded = line.length === SHORTEST_STATUS_LINE || line.charCodeAt(SHORTEST_STATUS_LINE) === SPACE;
    if (!/^[1-9][0-9][0-9]$/.test(code) || !isEnded) {
      throw new AnswerError(
        "ERR_HTTP_ANSWER_STATUS",
        `Expected a status line such as 'HTTP/1.1 200 OK', got ${JSON.stringify(line.slice(0, 100))}`,
      );
    }
    this.statusCode = Number(code);
    this.reason = line.slice(SHORTEST_STATUS_LINE + 1);
    this.minor = line.charCodeAt(7) - 0x30;
    this.#isInFields = true;
  }

  #fieldLine(text: string, from: number, end: number): void {
    this.#fieldCount += 1;
    if (this.#fieldCount > this.#limits.maxFields) throw tooLarge(`of more than ${this.#limits.maxFields} fields`);
    const colon = text.indexOf(":", from);
    const nameLength = colon - from;
    const isNamed = colon !== -1 && colon < end && nameLength <= this.#limits.maxFieldNameBytes;
    const name = isNamed ? answerFieldName(text.slice(from, colon)) : null;
    if (name === null) throw badField(text.slice(from, end));
    const value = valueOf(text, colon + 1, end);
    if (NOT_FIELD_VALUE.test(value)) throw badByte();
    if (name.role === AnswerRole.plain) this.fields.push([name.spelling, value]);
    else this.#note(name.role, value);
  }

  #note(role: number, value: string): void {
    switch (role) {
      case AnswerRole.contentLength:
        // Also when both say the same: a list could be joined, or cut, by who reads it next (RFC 9112 section 6.3).
        if (this.contentLength !== -1) throw badFraming("Content-Length stands more than once");
        this.contentLength = parseContentLength(value);
        break;
      case AnswerRole.transferEncoding:
        if (this.#transferEncoding !== null) throw badFraming("Transfer-Encoding stands more than once");
        this.#transferEncoding = value;
        break;
      case AnswerRole.connection:
        this.#connection = this.#connection === null ? value : `${this.#connection},${value}`;
        break;
      case AnswerRole.keepAlive:
        this.keepAliveSeconds = Number(/(?:^|[,\s])timeout=(\d{1,6})(?:[,\s]|$)/.exec(value)?.[1] ?? -1);
        break;
      case AnswerRole.upgrade:
        this.upgrade = this.upgrade === "" ? value : `${this.upgrade},${value}`;
        break;
      default:
        break;
    }
  }

  /** Judges the head as a whole. */
  #finish(): void {
    if (this.#transferEncoding !== null) {
      if (this.minor === 0) throw badFraming("An HTTP/1.0 answer has a Transfer-Encoding");
      if (this.contentLength !== -1) throw badFraming("The answer has both Content-Length and Transfer-Encoding");
      if (this.#transferEncoding.toLowerCase() !== "chunked")
        throw badFraming(`Transfer-Encoding is not exactly 'chunked': ${JSON.stringify(this.#transferEncoding)}`);
      this.isChunked = true;
    }
    if (this.contentLength !== -1) this.fields.push(["Content-Length", String(this.contentLength)]);
    this.isKeepAlive = wantsKeepAlive(this.#connection, this.minor);
    // Nearly every server says nothing, or one word that names no field.
    if (this.#connection !== null && !UNNAMED.has(this.#connection)) this.#dropNamed(this.#connection);
  }

  /** Each option of Connection may name a field that belongs to the connection too (RFC 9110 section 7.6.1). */
  #dropNamed(connection: string): void {
    const named = listOf(connection).filter((option) => option !== "" && !UNNAMED.has(option));
    if (named.length > 0) this.fields = this.fields.filter(([name]) => !named.includes(name.toLowerCase()));
  }
}

/** Not taken away although Connection names them: `close` and `keep-alive` are no fields, and without the others an answer is another. */
const UNNAMED = new Set(["close", "keep-alive", "upgrade", "content-length", "content-type", "set-cookie"]);

function valueOf(text: string, from: number, end: number): string {
  // Nearly always one space stands before a value, and none behind it.
  const isUsual =
    text.charCodeAt(from) === SPACE && text.charCodeAt(from + 1) > SPACE && text.charCodeAt(end - 1) > SPACE;
  return isUsual ? text.slice(from + 1, end) : trimOWS(text, from, end);
}

function parseContentLength(value: string): number {
  const length = readContentLength(value);
  if (Number.isNaN(length)) throw badFraming(`Content-Length is not made of digits only: ${JSON.stringify(value)}`);
  if (length === Number.POSITIVE_INFINITY) throw badFraming(`Content-Length has more than ${MAX_LENGTH_DIGITS} digits`);
  return length;
}

function badByte(): AnswerError {
  return new AnswerError(
    "ERR_HTTP_ANSWER_BYTE",
    "A line of the answer's head contains a control character or does not end in CR LF",
  );
}

function badField(line: string): AnswerError {
  if (NOT_FIELD_VALUE.test(line)) return badByte();
  const what =
    line.charCodeAt(0) === COLON ? "it has no name" : "it is folded, or has a space before the colon or a bad name";
  return new AnswerError("ERR_HTTP_ANSWER_FIELD", `A field of the answer is not of the form 'Name: value': ${what}`);
}

function badFraming(message: string): AnswerError {
  return new AnswerError("ERR_HTTP_ANSWER_FRAMING", message);
}

function tooLarge(how: string): AnswerError {
  return new AnswerError("ERR_HTTP_ANSWER_TOO_LARGE", `The head of the answer is ${how}`);
}
