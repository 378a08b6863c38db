// Checks status and header fields of an answer and writes them as text, in one pass, so that exactly what was checked is sent.
// Source: RFC 9112 section 4, RFC 9110 sections 5.5, 7.6.1, 8.6; CVE-2016-2216, CVE-2018-1000164, CVE-2020-5247 (response splitting).
import { ResponseViolation } from "./errors.ts";
import { DIGITS, NOT_FIELD_VALUE, STATUS, TOKEN } from "./grammar.ts";
import { HOP_BY_HOP } from "./hop-by-hop.ts";

/** Fields of a message in order, as `[name, value]` pairs of latin-1 strings. */
export type Fields = readonly (readonly [name: string, value: string])[];

const Role = { plain: 0, contentLength: 1, date: 2, hopByHop: 3, contentType: 4, location: 5, status: 6 } as const;

const ROLES = new Map<string, number>([
  ["content-length", Role.contentLength],
  ["content-type", Role.contentType],
  ["date", Role.date],
  ["location", Role.location],
  ["status", Role.status],
  ...HOP_BY_HOP.map((name) => [name, Role.hopByHop] as const),
]);

const MAX_CACHED = 1024;
const nameRoles = new Map<string, number>();

/** A final answer's status and fields, checked. */
export class ResponseHead {
  /** Status line, without the version, and fields, each line ended; without the empty line that ends the head. */
  readonly lines: string;
  readonly statusCode: number;
  readonly #status: string;
  /** The announced length of the body; -1 when the application announced none. */
  readonly contentLength: number;
  readonly hasDate: boolean;
  readonly hasContentType: boolean;
  readonly hasLocation: boolean;
  /** Whether there is a field of this name, which is none of HTTP's, but one of CGI's. */
  readonly hasStatus: boolean;
  /** The list that was given, whose owner may have changed it since; `lines` is what was checked. */
  readonly fields: Fields;

  /**
   * @param status - code, space and reason
   * @param fields - header fields
   * @param isUpgrade - whether 101 may be sent, too
   * @throws ResponseViolation when they may not be sent
   */
  constructor(status: string, fields: Fields, isUpgrade = false) {
    if (typeof status !== "string" || !STATUS.test(status)) {
      throw new ResponseViolation("ERR_HTTP_STATUS", `The response status is not like '200 OK': ${quote(status)}`);
    }
    const code = (status.charCodeAt(0) - 48) * 100 + (status.charCodeAt(1) - 48) * 10 + status.charCodeAt(2) - 48;
    if (code < 200 && !(isUpgrade && code === 101))
      throw new ResponseViolation(
        "ERR_HTTP_STATUS",
        `The response status is not a final one (200 or more): ${quote(status)}`,
      );
    let lines = `${status}\r\n`;
    let contentLength = -1;
    let hasDate = false;
    let hasContentType = false;
    let hasLocation = false;
    let hasStatus = false;
    for (const [name, value] of fields) {
      const role = checkField(name, value);
      if (role === Role.contentLength) {
        if (contentLength !== -1)
          throw new ResponseViolation("ERR_HTTP_CONTENT_LENGTH", "The response has more than one Content-Length");
        contentLength = parseContentLength(value);
        // Neither 204 nor 101 carries a Content-Length (RFC 9110 section 8.6), and what follows 101 has no length.
        if (code === 101) contentLength = -1;
        if (code === 204 || code === 101) continue;
      } else if (role === Role.date) hasDate = true;
      else if (role === Role.contentType) hasContentType = true;
      else if (role === Role.location) hasLocation = true;
      else if (role === Role.status) hasStatus = true;
      lines += `${name}: ${value}\r\n`;
    }
    this.fields = fields;
    this.#status = status;
    this.lines = lines;
    this.statusCode = code;
    this.contentLength = contentLength;
    this.hasDate = hasDate;
    this.hasContentType = hasContentType;
    this.hasLocation = hasLocation;
    this.hasStatus = hasStatus;
  }

  /** The same as HTTP has it. */
  get text(): string {
    return `HTTP/1.1 ${this.lines}`;
  }

  /** What stands behind the code in the status line; may be empty. */
  get reason(): string {
    return this.#status.slice(4);
  }
}

/**
 * Writes an interim answer (103 Early Hints, RFC 8297) under the same rules.
 *
 * @throws ResponseViolation when a field may not be sent
 */
export function earlyHintsText(fields: Fields): string {
  let text = "HTTP/1.1 103 Early Hints\r\n";
  for (const [name, value] of fields) {
    if (checkField(name, value) === Role.contentLength)
      throw new ResponseViolation("ERR_HTTP_FIELD", "Early hints contain a Content-Length");
    text += `${name}: ${value}\r\n`;
  }
  return `${text}\r\n`;
}

/** Checks one field; names that passed are remembered with their role. */
function checkField(name: string, value: string): number {
  const role = nameRoles.get(name) ?? checkName(name);
  if (role === Role.hopByHop) {
    throw new ResponseViolation(
      "ERR_HTTP_HOP_BY_HOP",
      `The response has the header ${quote(name)}, which only the server may set: it belongs to the connection`,
    );
  }
  if (typeof value !== "string" || NOT_FIELD_VALUE.test(value)) {
    throw new ResponseViolation(
      "ERR_HTTP_FIELD",
      `The value of the response header ${quote(name)} contains control characters or is not latin-1: ${quote(value)}`,
    );
  }
  return role;
}

function checkName(name: string): number {
  if (typeof name !== "string" || !TOKEN.test(name))
    throw new ResponseViolation("ERR_HTTP_FIELD", `The name of a response header is not a token: ${quote(name)}`);
  const role = ROLES.get(name.toLowerCase()) ?? Role.plain;
  if (nameRoles.size < MAX_CACHED) nameRoles.set(name, role);
  return role;
}

function parseContentLength(value: string): number {
  const length = DIGITS.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(length))
    throw new ResponseViolation(
      "ERR_HTTP_CONTENT_LENGTH",
      `The Content-Length of the response is not made of decimal digits only: ${quote(value)}`,
    );
  return length;
}

function quote(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
