// Names of header fields as received → what the parser must know of them. Each spelling is checked and mapped once, then found in a cache.
//
// Requests look like the ones before them, and comparing a line with the last good one costs a fraction of taking it apart and checking
// it anew (measured: 100 bytes of a browser's 40 ns instead of 290). So each name remembers which name followed it last, and its last
// good line.
// Source: RFC 9110 section 5.1 (names), RFC 3875 section 4.1.18 (the CGI variable of a field).
import { TOKEN } from "./grammar.ts";

/** What the parser does with a field beyond storing it. */
export const FieldRole = {
  plain: 0,
  host: 1,
  contentLength: 2,
  transferEncoding: 3,
  connection: 4,
  expect: 5,
  /** May not be repeated, otherwise plain. */
  singleton: 6,
  /** Repeated fields are joined with `; ` (RFC 9113 section 8.2.3). */
  cookie: 7,
  /** The one name with `_` that is looked at: gunicorn's users let their front ends send it. */
  scriptName: 8,
} as const;

/** A field's name, understood. */
export interface FieldName {
  /** The name in lower case. */
  readonly lower: string;
  /** The CGI variable, for example `HTTP_USER_AGENT`; empty when the field is dropped. */
  readonly variable: string;
  /** One of `FieldRole`. */
  readonly role: number;
  /** The name as received. */
  readonly spelling: string;
  /** Whether it stays in the cache; only such names are expected again, or chains of invented names would stay with it. */
  readonly isKept: boolean;
  /** The name that stood in the next line the last time. */
  next: FieldName | null;
  /** The last line that was checked, and the value in it; an equal line is good as well. */
  goodLine: string;
  goodValue: string;
}

const ROLES = new Map<string, number>([
  ["host", FieldRole.host],
  ["content-length", FieldRole.contentLength],
  ["transfer-encoding", FieldRole.transferEncoding],
  ["connection", FieldRole.connection],
  ["expect", FieldRole.expect],
  ["content-type", FieldRole.singleton],
  ["cookie", FieldRole.cookie],
  ["script_name", FieldRole.scriptName],
]);

/** Spellings remembered at most; a client that invents names must not fill memory. */
const MAX_CACHED = 512;

const cache = new Map<string, FieldName>();

/**
 * Understands a field name.
 *
 * @param raw - the name as received, a latin-1 string
 * @returns what is known of it, or null when it is not a token
 */
export function fieldName(raw: string): FieldName | null {
  return cache.get(raw) ?? understand(raw);
}

function understand(raw: string): FieldName | null {
  if (!TOKEN.test(raw)) return null;
  // A token is ASCII, so no letter can fold into another one here.
  const lower = raw.toLowerCase();
  const found: FieldName = {
    lower,
    variable: variableOf(lower),
    role: ROLES.get(lower) ?? FieldRole.plain,
    spelling: raw,
    isKept: cache.size < MAX_CACHED,
    next: null,
    goodLine: "",
    goodValue: "",
  };
  if (found.isKept) cache.set(raw, found);
  return found;
}

/** A name with `_` would forge the variable of one with `-` (CVE-2024-45614), so it has none. */
function variableOf(lower: string): string {
  if (lower.includes("_")) return "";
  const upper = lower.toUpperCase().replaceAll("-", "_");
  return lower === "content-type" || lower === "content-length" ? upper : `HTTP_${upper}`;
}
