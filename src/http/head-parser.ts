// Parses the head of a request, line by line, and writes its fields as CGI variables straight into an object of the caller's:
// no list of fields is built first. Source: RFC 9112 sections 2.2, 3, 5; RFC 9110 sections 5, 7.2, 10.1.1; RFC 3875 for the names.
//
// A line is judged when it is complete (or has become too long, or holds a byte that no line may hold), in the order of the bytes;
// therefore any split of the same bytes gives the same result. What two parsers could read differently is refused.
import { ProtocolError } from "./errors.ts";
import { FieldBlockMemory, type FieldBlock } from "./field-block.ts";
import { FIRST_NAME, fieldName, FieldRole, type FieldName } from "./field-names.ts";
import { NOT_FIELD_VALUE, trimOWS } from "./grammar.ts";
import { badByte, badField, badVersion, checkMethod, fieldTooLarge, repeatedField } from "./head-errors.ts";
import type { Limits } from "./limits.ts";
import {
  checkExpectation,
  checkHost,
  checkTransferEncoding,
  parseContentLength,
  wantsKeepAlive,
} from "./request-rules.ts";
import { parseTarget, type Target } from "./target.ts";

/** CGI variables of a request by name (`HTTP_*`, `CONTENT_TYPE`, `CONTENT_LENGTH`); further keys are the owner's. */
export type Variables = Record<string, unknown>;

/** Empty lines that may stand before a request line (RFC 9112 section 2.2). */
const MAX_EMPTY_LINES = 8;

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"]);

/** Parses one request head at a time; `begin` prepares it for the next. After it has thrown, do not feed it again. */
export class HeadParser {
  // What was read; valid once `feed` has returned a position.
  method = "";
  target: Target | null = null;
  /** The minor version: 0 or 1. */
  minor = 1;
  variables: Variables;
  /** The declared length of the body; -1 if none is declared. */
  contentLength = -1;
  isChunked = false;
  /** Whether the client wants to keep the connection open. */
  isKeepAlive = true;
  isContinueExpected = false;
  /** The header SCRIPT_NAME. It is not a variable, because only a trusted front end may set it. */
  scriptName: string | null = null;

  readonly #limits: Limits;
  readonly #newVariables: () => Variables;
  /** Bytes of the lines of this head that were read; empty lines before it do not count. */
  #headBytes = 0;
  #isInFields = false;
  /** The field before; that of the request line is a name of its own, so that the first field is expected too. */
  #lastName: FieldName = FIRST_NAME;
  #partial = "";
  #emptyLines = 0;
  #fields = 0;
  #host: string | null = null;
  #connection: string | null = null;
  #transferEncoding: string | null = null;
  #expect: string | null = null;
  readonly #memory = new FieldBlockMemory();

  /**
   * @param limits - bounds of the head
   * @param newVariables - gives the object that receives the variables of the next request
   */
  constructor(limits: Limits, newVariables: () => Variables) {
    this.#limits = limits;
    this.#newVariables = newVariables;
    this.variables = EMPTY_VARIABLES;
  }

  /** True while a request head has begun but is not complete. */
  get isPartial(): boolean {
    return this.#isInFields || this.#partial !== "" || this.#emptyLines > 0;
  }

  /** True once more than empty lines of a request head have arrived. */
  get isBegun(): boolean {
    return this.#isInFields || (this.#partial !== "" && this.#partial !== "\r");
  }

  /** Prepares for the next request head. */
  begin(): void {
    this.target = null;
    this.variables = EMPTY_VARIABLES;
    this.contentLength = -1;
    this.isChunked = false;
    this.isKeepAlive = true;
    this.isContinueExpected = false;
    this.scriptName = null;
    this.#headBytes = 0;
    this.#isInFields = false;
    this.#lastName = FIRST_NAME;
    this.#emptyLines = 0;
    this.#fields = 0;
    this.#host = null;
    this.#connection = null;
    this.#transferEncoding = null;
    this.#expect = null;
    this.#memory.begin();
  }

  /**
   * Reads on.
   *
   * @param text - received bytes as a latin-1 string
   * @param start - where to begin in it
   * @returns the position behind the head, or -1 when all was taken and more is needed
   * @throws ProtocolError when the head is refused
   */
  feed(text: string, start: number): number {
    let shift = 0;
    let from = start;
    let scan = start;
    let block = -1;
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
        this.#keep(text, from, scan);
        return -1;
      }
      if (end === from && text.charCodeAt(end + 1) === LF) {
        from += 2;
        if (this.#isInFields) {
          if (block !== -1 && this.#memory.isRecording) this.#remember(text.slice(block, from));
          this.#finish();
          return from - shift;
        }
        this.#skipEmptyLine();
      } else if (this.#isInFields) {
        this.#fieldLine(text, from, end);
        from = end + 2;
      } else {
        this.#requestLine(text, from, end);
        from = end + 2;
        block = from;
        const known = this.#memory.match(text, from);
        if (known !== null && this.#take(known)) {
          this.#finish();
          return from + known.text.length - shift;
        }
      }
      scan = from;
    }
  }

  /** Takes the fields of the head before once more. False when they are too long for what this head has left. */
  #take(block: FieldBlock): boolean {
    if (this.#headBytes + block.text.length > this.#limits.maxHeadBytes) return false;
    this.#host = block.host;
    this.#connection = block.connection;
    this.#transferEncoding = block.transferEncoding;
    this.#expect = block.expect;
    this.contentLength = block.contentLength;
    const { variables } = this;
    for (let index = 0; index < block.variables.length; index += 1) {
      variables[block.variables[index] as string] = block.values[index]; // both lists are of one length
    }
    return true;
  }

  #remember(text: string): void {
    this.#memory.keep(text, this.variables, {
      host: this.#host,
      connection: this.#connection,
      transferEncoding: this.#transferEncoding,
      expect: this.#expect,
      contentLength: this.contentLength,
    });
  }

  /** Keeps an incomplete line, unless it can no longer become a good one; what lies before `scan` was looked at when it came. */
  #keep(text: string, from: number, scan: number): void {
    const partial = text.slice(from);
    const line = partial.endsWith("\r") ? partial.slice(0, -1) : partial;
    if (line !== "") this.#checkFieldCount();
    this.#checkLength(line, 0, line.length);
    if (!this.#isInFields && line.charCodeAt(0) === TLS_HANDSHAKE) {
      throw new ProtocolError(
        400,
        "ERR_HTTP_TLS_ON_PLAIN_PORT",
        "The client started a TLS handshake, but this port speaks plain HTTP",
      );
    }
    if (NOT_FIELD_VALUE.test(line.slice(scan - from))) throw badByte();
    this.#partial = partial;
  }

  #skipEmptyLine(): void {
    this.#emptyLines += 1;
    if (this.#emptyLines > MAX_EMPTY_LINES)
      throw new ProtocolError(400, "ERR_HTTP_EMPTY_LINES", "There are too many empty lines before the request line");
  }

  #requestLine(text: string, from: number, end: number): void {
    this.#checkLength(text, from, end);
    if (text.charCodeAt(end + 1) !== LF) throw badByte();
    try {
      this.#splitRequestLine(text, from, end);
    } catch (error) {
      // A forbidden byte is what is wrong first, however much of the line had arrived when it was seen.
      throw NOT_FIELD_VALUE.test(text.slice(from, end)) ? badByte() : error;
    }
    this.#headBytes = end + 2 - from;
    this.#isInFields = true;
    this.variables = this.#newVariables();
  }

  #splitRequestLine(text: string, from: number, end: number): void {
    // One space is both the first and the last. Without any, what is found lies outside of the line, the last before the first.
    const first = text.indexOf(" ", from);
    const last = text.lastIndexOf(" ", end - 1);
    if (first <= from || last <= first) {
      throw new ProtocolError(
        400,
        "ERR_HTTP_REQUEST_LINE",
        "The request line is not of the form 'METHOD target HTTP/1.1' with single spaces",
      );
    }
    const method = text.slice(from, first);
    const version = text.slice(last + 1, end);
    if (!METHODS.has(method)) checkMethod(method);
    if (version === "HTTP/1.1") this.minor = 1;
    else if (version === "HTTP/1.0") this.minor = 0;
    else throw badVersion(version);
    this.method = method;
    this.target = parseTarget(method, text.slice(first + 1, last));
  }

  #fieldLine(text: string, from: number, end: number): void {
    this.#checkFieldCount();
    this.#checkLength(text, from, end);
    this.#headBytes += end + 2 - from;
    this.#fields += 1;
    const expected = this.#lastName.next;
    const isKnown = expected !== null && this.#isLineOf(expected, text, from, end);
    const name = isKnown ? expected : this.#fieldName(text, from, end);
    this.#lastName = name;
    const value = isKnown ? name.goodValue : this.#fieldValue(name, text, from, end);
    this.#store(name, name.role === FieldRole.plain ? value : this.#note(name, value));
  }

  /** Whether a line is the one that was last found good for a name. */
  #isLineOf(name: FieldName, text: string, from: number, end: number): boolean {
    return (
      end - from === name.goodLine.length &&
      text.slice(from, end) === name.goodLine &&
      name.spelling.length <= this.#limits.maxFieldNameBytes &&
      text.charCodeAt(end + 1) === LF
    );
  }

  #fieldValue(name: FieldName, text: string, from: number, end: number): string {
    const value = trimOWS(text, from + name.spelling.length + 1, end);
    if (text.charCodeAt(end + 1) !== LF || NOT_FIELD_VALUE.test(value)) throw badByte();
    if (name.mayRemember(end - from)) name.remember(text.slice(from, end));
    return value;
  }

  #fieldName(text: string, from: number, end: number): FieldName {
    const expected = this.#lastName.next;
    if (expected !== null) {
      const colon = from + expected.spelling.length;
      if (
        text.charCodeAt(colon) === COLON &&
        text.slice(from, colon) === expected.spelling &&
        colon - from <= this.#limits.maxFieldNameBytes
      )
        return expected;
    }
    const colon = text.indexOf(":", from);
    if (colon === -1 || colon > end) throw badField(text.slice(from, end));
    if (colon - from > this.#limits.maxFieldNameBytes) {
      throw NOT_FIELD_VALUE.test(text.slice(from, end)) ? badByte() : fieldTooLarge(this.#limits.maxFieldNameBytes);
    }
    const name = fieldName(text.slice(from, colon));
    if (name === null) throw badField(text.slice(from, end));
    if (name.isKept) this.#lastName.next = name;
    return name;
  }

  #store(name: FieldName, value: string): void {
    const variable = name.variable;
    if (variable === "") return;
    const earlier = this.variables[variable];
    // Fields are few and bounded in sum, so joining them one by one stays linear.
    if (earlier === undefined) {
      this.variables[variable] = value;
      this.#memory.record(variable);
    } else this.variables[variable] = `${earlier as string}${name.role === FieldRole.cookie ? "; " : ", "}${value}`;
  }

  /**
   * Remembers the fields that the engine itself acts on; all but Connection and Cookie may stand once only.
   *
   * @returns the value as it is told: of a length without zeros in front, for who would take it for an octal number
   */
  #note(name: FieldName, value: string): string {
    switch (name.role) {
      case FieldRole.host:
        if (this.#host !== null) throw repeatedField(name.lower);
        this.#host = value;
        break;
      case FieldRole.contentLength:
        if (this.contentLength !== -1) throw repeatedField(name.lower);
        this.contentLength = parseContentLength(value);
        return String(this.contentLength);
      case FieldRole.transferEncoding:
        if (this.#transferEncoding !== null) throw repeatedField(name.lower);
        this.#transferEncoding = value;
        break;
      case FieldRole.connection:
        this.#connection = this.#connection === null ? value : `${this.#connection},${value}`;
        break;
      case FieldRole.expect:
        if (this.#expect !== null) throw repeatedField(name.lower);
        this.#expect = value;
        break;
      case FieldRole.scriptName:
        if (this.scriptName !== null) throw repeatedField(name.lower);
        this.scriptName = value;
        this.#memory.stopRecording();
        break;
      case FieldRole.singleton:
        if (this.variables[name.variable] !== undefined) throw repeatedField(name.lower);
        break;
      default:
        break;
    }
    return value;
  }

  /** Judges the head as a whole once its last line is there. */
  #finish(): void {
    const { minor } = this;
    checkHost(this.#host, minor);
    this.#nameHost();
    if (this.#transferEncoding !== null) {
      checkTransferEncoding(this.#transferEncoding, minor, this.contentLength);
      this.isChunked = true;
    }
    this.isKeepAlive = wantsKeepAlive(this.#connection, minor);
    if (this.#expect !== null && minor === 1) {
      checkExpectation(this.#expect);
      this.isContinueExpected = this.isChunked || this.contentLength > 0;
    }
  }

  #nameHost(): void {
    const authority = this.target?.authority ?? null;
    // The target's host counts, whatever the field says (RFC 9112 section 3.2.2).
    if (authority !== null) this.variables.HTTP_HOST = authority;
    // An empty field names no host (section 3.2); it is as if none was sent, so that SERVER_NAME speaks for it everywhere.
    else if (this.#host === "") Reflect.deleteProperty(this.variables, "HTTP_HOST");
  }

  #checkFieldCount(): void {
    if (this.#isInFields && this.#fields === this.#limits.maxFields) {
      throw new ProtocolError(
        431,
        "ERR_HTTP_TOO_MANY_FIELDS",
        `The request has more than ${this.#limits.maxFields} headers`,
      );
    }
  }

  /** Refuses a line that is longer than its own limit or than what is left for the whole head. */
  #checkLength(text: string, from: number, end: number): void {
    const limits = this.#limits;
    const own = this.#isInFields ? limits.maxFieldBytes : limits.maxRequestLineBytes;
    // The end of the last field's line may pass the limit: then nothing is left, but the empty line may still come, in pieces too.
    const allowed = Math.max(0, Math.min(own, limits.maxHeadBytes - this.#headBytes));
    if (end - from <= allowed) return;
    if (NOT_FIELD_VALUE.test(text.slice(from, from + allowed + 1))) throw badByte();
    if (this.#isInFields) throw fieldTooLarge(allowed);
    throw new ProtocolError(414, "ERR_HTTP_REQUEST_LINE_TOO_LONG", `The request line is longer than ${allowed} bytes`);
  }
}

const LF = 0x0a;
const COLON = 0x3a;
const TLS_HANDSHAKE = 0x16;
const EMPTY_VARIABLES: Variables = Object.freeze({});
