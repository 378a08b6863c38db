// What each gateway checks of the status and headers that an application announces. Source: PEP 3333, "The start_response()
// Callable"; RFC 9110 sections 5.1 (names), 5.5 (values), 8.6 (Content-Length); RFC 9112 section 4 (status line).
import { isHopByHop } from "./hop-by-hop.ts";
import { isNativeString } from "./native-string.ts";
import { enforce, show } from "./rule.ts";
import type { Rule } from "./rule.ts";
import type { HeaderList } from "./types.ts";

const STATUS = /^[1-9][0-9][0-9] [\t\x20-\x7e\x80-\xff]*$/;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const DIGITS = /^[0-9]+$/;
/** What the server alone may say, beside the hop-by-hop fields of PEP 3333. */
const SERVER_OWNED: ReadonlySet<string> = new Set(["trailer", "proxy-connection"]);

/** Tells whether `text` is a token of RFC 9110 section 5.6.2: a header name, a method. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** Status, names and values are native strings. */
export const HEAD_NATIVE: Rule<string> = {
  code: "ERR_TSGI_HEAD_NATIVE",
  text: "The status and each header name and value must be native strings, without code points above U+00FF",
  check: (text) => (isNativeString(text) ? null : `got ${show(text)}`),
};

/** The form of the status. */
export const STATUS_GRAMMAR: Rule<unknown> = {
  code: "ERR_TSGI_STATUS",
  text: 'The status must be a string: a code from 100 to 999, one space, and a reason without control characters, such as `"200 OK"`',
  check: (status) => (typeof status === "string" && STATUS.test(status) ? null : `got ${show(status)}`),
};

/** The headers are an array. */
export const HEADER_LIST: Rule<unknown> = {
  code: "ERR_TSGI_HEADER_LIST",
  text: "The headers must be an array of `[name, value]` pairs",
  check: (headers) => (Array.isArray(headers) ? null : `got ${show(headers)}`),
};

/** Each header is a pair of strings. */
export const HEADER_PAIR: Rule<unknown> = {
  code: "ERR_TSGI_HEADER_PAIR",
  text: "Each header must be an array of exactly two strings, its name and its value",
  check(pair) {
    if (!Array.isArray(pair)) return `got ${show(pair)}`;
    if (pair.length !== 2) return `got ${pair.length} items`;
    const [name, value] = pair as unknown[];
    return typeof name === "string" && typeof value === "string" ? null : `got ${show(name)}, ${show(value)}`;
  },
};

/** A name is a token. */
export const HEADER_NAME: Rule<string> = {
  code: "ERR_TSGI_HEADER_NAME",
  text: "A header name must be a token of RFC 9110, without spaces, colons or control characters",
  check: (name) => (isToken(name) ? null : `got ${show(name)}`),
};

/** A value holds no control characters. */
export const HEADER_VALUE: Rule<string> = {
  code: "ERR_TSGI_HEADER_VALUE",
  text: "A header value must not contain control characters such as CR, LF or NUL; only the horizontal tab is allowed",
  check: (value) => (FIELD_VALUE.test(value) ? null : `got ${show(value)}`),
};

/** The connection is the server's. */
export const HEADER_HOP_BY_HOP: Rule<string> = {
  code: "ERR_TSGI_HOP_BY_HOP",
  text:
    "The application must not set a header that belongs to the connection and so to the server: Connection, Keep-Alive, Proxy-Authenticate, " +
    "Proxy-Authorization, Proxy-Connection, TE, Trailer, Trailers, Transfer-Encoding, Upgrade",
  check: (name) => (isHopByHop(name) || SERVER_OWNED.has(name.toLowerCase()) ? `got ${show(name)}` : null),
};

/** One length. */
export const HEADER_CONTENT_LENGTH: Rule<HeaderList> = {
  code: "ERR_TSGI_HEADER_CONTENT_LENGTH",
  text: "Content-Length must occur at most once, as one decimal number that JavaScript can represent exactly",
  check(headers) {
    let isFound = false;
    for (const [name, value] of headers) {
      if (name.length !== 14 || name.toLowerCase() !== "content-length") continue;
      if (isFound) return "got several";
      if (!DIGITS.test(value) || !Number.isSafeInteger(Number(value))) return `got ${show(value)}`;
      isFound = true;
    }
    return null;
  },
};

/**
 * Checks the status of a response.
 *
 * @throws ContractViolation when it may not be sent
 */
export function checkStatus(status: unknown): asserts status is string {
  if (typeof status === "string") enforce(HEAD_NATIVE, status);
  enforce(STATUS_GRAMMAR, status);
}

/**
 * Checks the headers of a response, final or interim.
 *
 * @throws ContractViolation when they may not be sent
 */
export function checkHeaders(headers: unknown): asserts headers is HeaderList {
  enforce(HEADER_LIST, headers);
  for (const pair of headers as unknown[]) {
    enforce(HEADER_PAIR, pair);
    const [name, value] = pair as HeaderList[number]; // the rule above
    checkHeaderName(name);
    checkHeaderValue(value);
    enforce(HEADER_HOP_BY_HOP, name);
  }
  enforce(HEADER_CONTENT_LENGTH, headers as HeaderList);
}

/** @throws ContractViolation when `name` is not a token */
export function checkHeaderName(name: string): void {
  enforce(HEAD_NATIVE, name);
  enforce(HEADER_NAME, name);
}

/** @throws ContractViolation when `value` holds control characters or code points above U+00FF */
export function checkHeaderValue(value: string): void {
  enforce(HEAD_NATIVE, value);
  enforce(HEADER_VALUE, value);
}
