// Reads the head of the answer that a program gives: over CGI, FastCGI, SCGI and uwsgi it has one form.
// Source: RFC 3875 sections 6.2 and 6.3; RFC 9112 sections 4 and 5 for status line and fields; RFC 9110 section 8.6 (Content-Length).
//
// What two readers could understand differently is refused, because the answer goes on to a client on a connection that others use after
// it: two lengths, framing that is not ours, folded lines, control characters (CVE-2023-27522 and others of mod_proxy_uwsgi). A line is judged
// when it is complete, or the head has become too long; therefore any split of the same bytes gives the same result.
import type { Buffer } from "node:buffer";
import { GatewayProtocolError } from "../errors.ts";

/** The head of an answer. */
export interface AnswerHead {
  /** 200 to 599. */
  readonly statusCode: number;
  /** What stands behind the code; may be empty. */
  readonly reason: string;
  /** The fields in order, without `Status`, without those of the connection, and without `Location` of a local redirect. */
  readonly fields: [name: string, value: string][];
  /** The announced length of the body; -1 without one. */
  readonly contentLength: number;
  /** Path and query that the server should answer with in the place of this answer; null for any other answer. */
  readonly localRedirect: string | null;
}

/** A head, and the bytes that came behind it: the beginning of the body. */
export interface DecodedAnswerHead {
  readonly head: AnswerHead;
  readonly rest: Buffer;
}

/** Most bytes of a head. */
const MAX_HEAD_BYTES = 65_536;

const LF = 0x0a;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const NOT_FIELD_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
const STATUS_LINE = /^HTTP\/1\.[01] ([2-5]\d\d)(?: (.*))?$/;
const STATUS = /^([2-5]\d\d)(?: +(.*))?$/;
const LENGTH = /^\d{1,15}$/;

/** They belong to the connection with the program, of which there is none; a program that is meant for NPH writes some. */
const OF_CONNECTION: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "trailers",
  "upgrade",
]);

/** What CGI and HTTP know as single fields: of two, one reader takes the first and another the last. */
const SINGLE: ReadonlySet<string> = new Set(["content-length", "content-type", "location", "status"]);

/** Reads one head out of bytes that come in any pieces. After it has thrown, do not feed it again. */
export class AnswerHeadDecoder {
  readonly #maxBytes: number;
  /** The line that has begun, as text of one code point per byte. */
  #partial = "";
  #bytes = 0;
  #isFirst = true;
  #status: { readonly code: number; readonly reason: string } | null = null;
  #isStatusLine = false;
  readonly #fields: [name: string, value: string][] = [];
  readonly #single = new Map<string, string>();

  /** @param maxBytes - most bytes of the head, line ends included */
  constructor(maxBytes: number = MAX_HEAD_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** True until the first byte has come. */
  get isEmpty(): boolean {
    return this.#bytes === 0 && this.#partial === "";
  }

  /**
   * Takes the next bytes.
   *
   * @returns the head with what came behind it; null while it is not whole
   * @throws GatewayProtocolError (502) when it is no head of an answer, or too long
   */
  push(chunk: Buffer): DecodedAnswerHead | null {
    let from = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, from)) {
      const line = this.#partial + chunk.toString("latin1", from, end);
      this.#partial = "";
      this.#bytes += line.length + 1;
      this.#checkLength(0);
      from = end + 1;
      const text = line.endsWith("\r") ? line.slice(0, -1) : line;
      if (text === "" && !this.#isFirst) return { head: this.#finish(), rest: chunk.subarray(from) };
      this.#line(text);
    }
    if (from < chunk.length) this.#keep(chunk, from);
    return null;
  }

  /** The answer has ended before its head was whole. @returns the error that says so */
  ended(): GatewayProtocolError {
    return refused(
      this.isEmpty ? "The answer is empty" : `The answer ends within its head: ${quote(this.#partial.slice(0, 200))}`,
    );
  }

  #keep(chunk: Buffer, from: number): void {
    this.#checkLength(this.#partial.length + chunk.length - from);
    this.#partial += chunk.toString("latin1", from);
  }

  #checkLength(partial: number): void {
    if (this.#bytes + partial > this.#maxBytes)
      throw refused(`The head of the answer is longer than ${this.#maxBytes} bytes`);
  }

  #line(text: string): void {
    const line = STATUS_LINE.exec(text);
    if (this.#isFirst && line !== null) {
      this.#isStatusLine = true;
      this.#status = { code: Number(line[1]), reason: checkValue(line[2] ?? "", text) };
    } else if (this.#isFirst && text.startsWith("HTTP/")) {
      throw refused(
        `Expected a status line such as "HTTP/1.1 200 OK" with a status from 200 to 599, got ${quote(text)}`,
      );
    } else this.#field(text);
    this.#isFirst = false;
  }

  #field(line: string): void {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon));
    if (!TOKEN.test(name)) throw refused(`Expected a header field "Name: value", got ${quote(line)}`);
    const value = checkValue(trim(line.slice(colon + 1)), line);
    const lower = name.toLowerCase();
    if (lower === "transfer-encoding")
      throw refused("The answer has the field Transfer-Encoding, but its body ends where the program stops");
    if (OF_CONNECTION.has(lower)) return;
    if (SINGLE.has(lower)) {
      if (this.#single.has(lower)) throw refused(`The answer has the field ${name} twice`);
      this.#single.set(lower, value);
    }
    if (lower === "status") this.#readStatus(value);
    else this.#fields.push([name, lower === "content-length" ? String(readLength(value)) : value]);
  }

  #readStatus(value: string): void {
    if (this.#isStatusLine) throw refused("The answer has a status line and the field Status");
    const [, code, reason = ""] = STATUS.exec(value) ?? [];
    if (code === undefined)
      throw refused(`Expected a Status from 200 to 599, such as "404 Not Found", got ${quote(value)}`);
    this.#status = { code: Number(code), reason };
  }

  #finish(): AnswerHead {
    const type = this.#single.get("content-type");
    const location = this.#single.get("location");
    // RFC 3875 section 6.3: one of them must be there. A message of an error, with a colon in it, is no head.
    if (this.#status === null && type === undefined && location === undefined)
      throw refused("The head of the answer has none of the fields Content-Type, Location and Status");
    const length = this.#single.get("content-length");
    const contentLength = length === undefined ? -1 : readLength(length);
    const fields = this.#fields;
    if (this.#status !== null) {
      return { statusCode: this.#status.code, reason: this.#status.reason, fields, contentLength, localRedirect: null };
    }
    if (location === undefined) return { statusCode: 200, reason: "OK", fields, contentLength, localRedirect: null };
    // Section 6.2.2 allows no other field beside it. Where there is one (a cookie), the client gets both.
    const isLocal = fields.length === 1 && /^\/(?!\/)/.test(location);
    return {
      statusCode: 302,
      reason: "Found",
      fields: isLocal ? [] : fields,
      contentLength,
      localRedirect: isLocal ? location : null,
    };
  }
}

function readLength(text: string): number {
  if (!LENGTH.test(text)) throw refused(`Expected a Content-Length of digits only, got ${quote(text)}`);
  return Number(text);
}

function checkValue(value: string, line: string): string {
  if (NOT_FIELD_VALUE.test(value)) throw refused(`A line of the head has a control character: ${quote(line)}`);
  return value;
}

/** Without white space at its ends. Source: RFC 9110 section 5.5. */
function trim(text: string): string {
  let [first, last] = [0, text.length];
  while (first < last && isSpace(text.charCodeAt(first))) first += 1;
  while (last > first && isSpace(text.charCodeAt(last - 1))) last -= 1;
  return text.slice(first, last);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}

function refused(message: string): GatewayProtocolError {
  return new GatewayProtocolError(502, "ERR_TSGI_ANSWER_HEAD", message);
}
