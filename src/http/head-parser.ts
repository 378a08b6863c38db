// Parses the head of a request, line by line, and writes its fields as CGI variables straight into an object of the caller's:
// no list of fields is built first. Source: RFC 9112 sections 2.2, 3, 5; RFC 9110 sections 5, 7.2, 10.1.1; RFC 3875 for the names.
//
// A line is judged when it is complete (or has become too long, or holds a byte that no line may hold), in the order of the bytes;
// therefore any split of the same bytes gives the same result. What two parsers could read differently is refused.
import { ProtocolError } from "./errors.ts";
import { fieldName, FieldRole, type FieldName } from "./field-names.ts";
import { DIGITS, isHost, NOT_FIELD_VALUE, TOKEN, trimOWS } from "./grammar.ts";
import type { Limits } from "./limits.ts";
import { parseTarget, type Target } from "./target.ts";

/** CGI variables of a request by name (`HTTP_*`, `CONTENT_TYPE`, `CONTENT_LENGTH`); further keys are the owner's. */
export type Variables = Record<string, unknown>;

/** Empty lines that may stand before a request line (RFC 9112 section 2.2). */
const MAX_EMPTY_LINES = 8;

const MAX_METHOD_LENGTH = 32;
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"]);
const VERSION = /^HTTP\/[0-9]\.[0-9]$/;

/** Digits of the largest Content-Length that JavaScript counts exactly. */
const MAX_LENGTH_DIGITS = 15;

/** The fields of a head as they came, and what they set: a client that stays mostly sends the same ones again, byte for byte. */
interface FieldBlock {
  /** From the first field's name to the end of the empty line. */
  readonly text: string;
  readonly variables: readonly string[];
  readonly values: readonly string[];
  readonly fields: number;
  readonly host: string | null;
  readonly connection: string | null;
  readonly transferEncoding: string | null;
  readonly expect: string | null;
  readonly contentLength: number;
}

/** Heads in a row that differ from the remembered one, after which a connection's are not remembered any more. */
const MAX_DIFFERENT_HEADS = 4;
/** Longer blocks are not remembered: what a connection keeps while it is idle is bounded. */
const MAX_REMEMBERED_BLOCK = 2048;

/** Parses one head at a time; `begin` makes it ready for the next. After it has thrown it must not be fed again. */
export class HeadParser {
  // What was read; valid once `feed` has returned a position.
  method = "";
  target: Target | null = null;
  /** The minor version: 0 or 1. */
  minor = 1;
  variables: Variables;
  /** The declared length of the body; -1 when none is declared. */
  contentLength = -1;
  isChunked = false;
  /** Whether the client wants the connection to go on. */
  isKeepAlive = true;
  isContinueExpected = false;
  /** The field SCRIPT_NAME: not a variable, since only a trusted front end may say it. */
  scriptName: string | null = null;
  /** Bytes of this head seen so far; 0 before its first byte (empty lines do not count). */
  headBytes = 0;

  readonly #limits: Limits;
  readonly #newVariables: () => Variables;
  #isInFields = false;
  /** The field before; that of the request line is a name of its own, so that the first field is expected too. */
  #lastName: FieldName = firstName;
  #partial = "";
  #emptyLines = 0;
  #fields = 0;
  #host: string | null = null;
  #connection: string | null = null;
  #transferEncoding: string | null = null;
  #expect: string | null = null;
  #block: FieldBlock | null = null;
  /** Heads that were complete before this one, and how many of the last ones differed from the remembered one. */
  #heads = 0;
  #differentHeads = 0;
  /** The variables that the fields of this head have set, in order; null while this head is not to be remembered. */
  #recorded: string[] | null = null;

  /**
   * @param limits - bounds of the head
   * @param newVariables - gives the object that receives the variables of the next request
   */
  constructor(limits: Limits, newVariables: () => Variables) {
    this.#limits = limits;
    this.#newVariables = newVariables;
    this.variables = EMPTY_VARIABLES;
  }

  /** True while a head is begun but not complete. */
  get isPartial(): boolean {
    return this.#isInFields || this.#partial !== "" || this.#emptyLines > 0;
  }

  /** True once there is more of a head than empty lines. */
  get isBegun(): boolean {
    return this.#isInFields || (this.#partial !== "" && this.#partial !== "\r");
  }

  /** Makes ready for the next head. */
  begin(): void {
    this.target = null;
    this.variables = EMPTY_VARIABLES;
    this.contentLength = -1;
    this.isChunked = false;
    this.isKeepAlive = true;
    this.isContinueExpected = false;
    this.scriptName = null;
    this.headBytes = 0;
    this.#isInFields = false;
    this.#lastName = firstName;
    this.#emptyLines = 0;
    this.#fields = 0;
    this.#host = null;
    this.#connection = null;
    this.#transferEncoding = null;
    this.#expect = null;
    this.#recorded = null;
    this.#heads += 1;
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
          if (block !== -1 && this.#recorded !== null) this.#remember(text.slice(block, from), this.#recorded);
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
        const known = this.#block;
        if (known !== null && this.#repeats(known, text, from)) {
          this.#finish();
          return from + known.text.length - shift;
        }
        if (this.#heads > 0 && this.#differentHeads < MAX_DIFFERENT_HEADS) this.#recorded = [];
      }
      scan = from;
    }
  }

  /** Takes the fields of the head before once more when the same bytes follow; everything that was checked of them holds again. */
  #repeats(block: FieldBlock, text: string, from: number): boolean {
    const { length } = block.text;
    if (text.slice(from, from + length) !== block.text) {
      this.#differentHeads += 1;
      if (this.#differentHeads === MAX_DIFFERENT_HEADS) this.#block = null;
      return false;
    }
    if (this.headBytes + length > this.#limits.maxHeadBytes) return false;
    this.#differentHeads = 0;
    this.headBytes += length - 2;
    this.#fields = block.fields;
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

  #remember(text: string, recorded: readonly string[]): void {
    if (text.length > MAX_REMEMBERED_BLOCK) return;
    // A copy, and parts of that copy: a part of a received string would keep all of it.
    const copy = Buffer.from(text, "latin1").toString("latin1");
    const kept = (value: string): string => {
      const at = copy.indexOf(value);
      return at === -1 ? value : copy.slice(at, at + value.length);
    };
    const keptOrNull = (value: string | null): string | null => (value === null ? null : kept(value));
    this.#block = {
      text: copy,
      variables: recorded,
      values: recorded.map((variable) => kept(this.variables[variable] as string)), // only texts are recorded
      fields: this.#fields,
      host: keptOrNull(this.#host),
      connection: keptOrNull(this.#connection),
      transferEncoding: keptOrNull(this.#transferEncoding),
      expect: keptOrNull(this.#expect),
      contentLength: this.contentLength,
    };
  }

  /** Keeps an incomplete line, unless it can no longer become a good one; what lies before `scan` was looked at when it came. */
  #keep(text: string, from: number, scan: number): void {
    const length = text.length - from;
    if (length === 0) return;
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
    if (NOT_FIELD_VALUE.test(scan === from ? line : line.slice(scan - from))) throw badByte();
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
    this.headBytes = end + 2 - from;
    this.#isInFields = true;
    this.variables = this.#newVariables();
  }

  #splitRequestLine(text: string, from: number, end: number): void {
    const first = text.indexOf(" ", from);
    const last = text.lastIndexOf(" ", end - 1);
    if (first <= from || last <= first || first > end) {
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
    this.headBytes += end + 2 - from;
    this.#fields += 1;
    const expected = this.#lastName.next;
    const isKnown = expected !== null && this.#isLineOf(expected, text, from, end);
    const name = isKnown ? expected : this.#fieldName(text, from, end);
    this.#lastName = name;
    const value = isKnown ? name.goodValue : this.#fieldValue(name, text, from, end);
    if (name.role !== FieldRole.plain) this.#note(name, value);
    this.#store(name, value);
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
    if (end - from <= MAX_REMEMBERED_LINE) {
      name.goodLine = text.slice(from, end);
      name.goodValue = value;
    }
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
      this.#recorded?.push(variable);
    } else this.variables[variable] = `${earlier as string}${name.role === FieldRole.cookie ? "; " : ", "}${value}`;
  }

  /** Remembers the fields that the engine itself acts on; all but Connection and Cookie may stand once only. */
  #note(name: FieldName, value: string): void {
    switch (name.role) {
      case FieldRole.host:
        if (this.#host !== null) throw repeated(name);
        this.#host = value;
        break;
      case FieldRole.contentLength:
        if (this.contentLength !== -1) throw repeated(name);
        this.contentLength = parseContentLength(value);
        break;
      case FieldRole.transferEncoding:
        if (this.#transferEncoding !== null) throw repeated(name);
        this.#transferEncoding = value;
        break;
      case FieldRole.connection:
        this.#connection = this.#connection === null ? value : `${this.#connection},${value}`;
        break;
      case FieldRole.expect:
        if (this.#expect !== null) throw repeated(name);
        this.#expect = value;
        break;
      case FieldRole.scriptName:
        if (this.scriptName !== null) throw repeated(name);
        this.scriptName = value;
        this.#recorded = null;
        break;
      case FieldRole.singleton:
        if (this.variables[name.variable] !== undefined) throw repeated(name);
        break;
      default:
        break;
    }
  }

  /** Judges the head as a whole once its last line is there: host, framing, persistence, expectations. */
  #finish(): void {
    this.#checkHost();
    if (this.#transferEncoding !== null) this.#checkTransferEncoding(this.#transferEncoding);
    this.isKeepAlive = this.#connection === null ? this.minor === 1 : this.#wantsKeepAlive(this.#connection);
    if (this.#expect !== null && this.minor === 1) {
      if (this.#expect.toLowerCase() !== "100-continue") {
        throw new ProtocolError(
          417,
          "ERR_HTTP_EXPECTATION",
          "The Expect header asks for something other than '100-continue'",
        );
      }
      this.isContinueExpected = this.isChunked || this.contentLength > 0;
    }
  }

  #checkHost(): void {
    const host = this.#host;
    const authority = this.target?.authority ?? null;
    if (host === null) {
      if (this.minor === 1) throw new ProtocolError(400, "ERR_HTTP_HOST", "The Host header is missing");
    } else if (host !== "" && !isHost(host)) {
      throw new ProtocolError(400, "ERR_HTTP_HOST", "The Host header is not of the form 'name' or 'name:port'");
    }
    // The target's host counts, whatever the field says (RFC 9112 section 3.2.2).
    if (authority !== null) this.variables.HTTP_HOST = authority;
    // An empty field names no host (section 3.2); it is as if none was sent, so that SERVER_NAME speaks for it everywhere.
    else if (host === "") Reflect.deleteProperty(this.variables, "HTTP_HOST");
  }

  /** RFC 9112 section 6.1, with every choice made for refusal (CVE-2019-15605, CVE-2022-32213, CVE-2024-1135, CVE-2024-6827). */
  #checkTransferEncoding(value: string): void {
    if (this.minor === 0)
      throw new ProtocolError(400, "ERR_HTTP_FRAMING", "An HTTP/1.0 request has a Transfer-Encoding header");
    if (this.contentLength !== -1)
      throw new ProtocolError(400, "ERR_HTTP_FRAMING", "The request has both Content-Length and Transfer-Encoding");
    if (value.toLowerCase() !== "chunked") throw badTransferEncoding(value);
    this.isChunked = true;
  }

  #wantsKeepAlive(connection: string): boolean {
    const options = connection
      .toLowerCase()
      .split(",")
      .map((option) => trimOWS(option));
    if (options.includes("close")) return false;
    return this.minor === 1 || options.includes("keep-alive");
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
    const allowed = Math.min(own, limits.maxHeadBytes - this.headBytes);
    if (end - from <= allowed) return;
    if (NOT_FIELD_VALUE.test(text.slice(from, from + allowed + 1))) throw badByte();
    if (this.#isInFields) throw fieldTooLarge(allowed);
    throw new ProtocolError(414, "ERR_HTTP_REQUEST_LINE_TOO_LONG", `The request line is longer than ${allowed} bytes`);
  }
}

const LF = 0x0a;
const COLON = 0x3a;
/** Longer lines are checked each time. */
const MAX_REMEMBERED_LINE = 1024;
/** Stands before the first field. */
const firstName: FieldName = {
  lower: "",
  variable: "",
  role: FieldRole.plain,
  spelling: "",
  isKept: true,
  next: null,
  goodLine: "",
  goodValue: "",
};
const TLS_HANDSHAKE = 0x16;
const EMPTY_VARIABLES: Variables = Object.freeze({});

function badByte(): ProtocolError {
  return new ProtocolError(
    400,
    "ERR_HTTP_BAD_BYTE",
    "A line of the request head contains a control character or does not end in CR LF",
  );
}

function badField(line: string): ProtocolError {
  if (NOT_FIELD_VALUE.test(line)) return badByte();
  return new ProtocolError(
    400,
    "ERR_HTTP_FIELD",
    "A request header is not of the form 'Name: value': it is folded, or has a space before the colon or a bad name",
  );
}

function fieldTooLarge(allowed: number): ProtocolError {
  return new ProtocolError(
    431,
    "ERR_HTTP_FIELDS_TOO_LARGE",
    `A request header is longer than the ${allowed} bytes that are left for it`,
  );
}

function repeated(name: FieldName): ProtocolError {
  return new ProtocolError(400, "ERR_HTTP_REPEATED_FIELD", `The request header '${name.lower}' occurs more than once`);
}

function checkMethod(method: string): void {
  if (!TOKEN.test(method)) throw new ProtocolError(400, "ERR_HTTP_METHOD", "The request method is not a token");
  if (method.length > MAX_METHOD_LENGTH)
    throw new ProtocolError(
      501,
      "ERR_HTTP_METHOD",
      `The request method is longer than ${MAX_METHOD_LENGTH} characters`,
    );
}

function badVersion(version: string): ProtocolError {
  if (VERSION.test(version))
    return new ProtocolError(505, "ERR_HTTP_VERSION", "The HTTP version of the request is neither 1.1 nor 1.0");
  return new ProtocolError(
    400,
    "ERR_HTTP_REQUEST_LINE",
    "The request line does not end in an HTTP version such as 'HTTP/1.1'",
  );
}

/** Digits only: no sign, no list, no other base (CVE-2022-24761, CVE-2023-38697, CVE-2023-40175). */
function parseContentLength(value: string): number {
  if (!DIGITS.test(value))
    throw new ProtocolError(400, "ERR_HTTP_CONTENT_LENGTH", "Content-Length is not made of decimal digits only");
  const digits = value.replace(/^0+(?=[0-9])/, "");
  if (digits.length > MAX_LENGTH_DIGITS)
    throw new ProtocolError(413, "ERR_HTTP_BODY_TOO_LARGE", `Content-Length has more than ${MAX_LENGTH_DIGITS} digits`);
  return Number(digits);
}

/** 501 for codings that we do not know, 400 for lists in which `chunked` is not the only and last one. */
function badTransferEncoding(value: string): ProtocolError {
  const codings = value
    .toLowerCase()
    .split(",")
    .map((coding) => trimOWS(coding));
  const isUnknown =
    codings.length > 0 &&
    codings.every((coding) => TOKEN.test(coding)) &&
    codings.some((coding) => coding !== "chunked");
  const isChunkedLast = codings.at(-1) === "chunked" && codings.indexOf("chunked") === codings.length - 1;
  if (isUnknown && (isChunkedLast || !codings.includes("chunked"))) {
    return new ProtocolError(501, "ERR_HTTP_TRANSFER_CODING", "Transfer-Encoding names a coding other than 'chunked'");
  }
  return new ProtocolError(400, "ERR_HTTP_FRAMING", "Transfer-Encoding is not exactly 'chunked'");
}
