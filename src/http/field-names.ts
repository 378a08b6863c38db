// Names of header fields as received → what the parser must know of them. Each spelling is checked and mapped once, then found in a cache.
//
// Requests look like the ones before them, and comparing a line with the last good one costs a fraction of taking it apart and checking
// it anew (measured: 100 bytes of a browser's 40 ns instead of 290). So each name remembers which name followed it last, and a good line.
// These lines come from any client and meet those of any other; therefore lines that hold secrets are not among them, and each is a copy.
// Source: RFC 9110 section 5.1 (names), RFC 3875 section 4.1.18 (the CGI variable of a field).
import { isSecretName } from "../secret-name.ts";
import { fieldVariable } from "./field-variable.ts";
import { TOKEN, trimOWS } from "./grammar.ts";
import { ownText } from "./own-text.ts";

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

/** Longer lines are checked each time. */
const MAX_REMEMBERED_LINE = 1024;
/** Of the lines that differ from the remembered one, each eighth takes its place: what changes with each request costs no copies. */
const DIFFERENT_LINES = 8;

/** A field's name, understood. */
export class FieldName {
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
  next: FieldName | null = null;
  /** A line that was found good, and the value in it; an equal line is good as well. Empty while there is none. */
  goodLine = "";
  goodValue = "";
  readonly #isSecret: boolean;
  #differentLines = 0;

  constructor(spelling: string, isKept: boolean) {
    // A token is ASCII, so no letter can fold into another one here.
    const lower = spelling.toLowerCase();
    this.lower = lower;
    this.variable = fieldVariable(lower);
    this.role = ROLES.get(lower) ?? FieldRole.plain;
    this.spelling = spelling;
    this.isKept = isKept;
    this.#isSecret = isSecretName(lower);
  }

  /** Whether a good line of this length, which is not the remembered one, should be remembered. */
  mayRemember(length: number): boolean {
    if (!this.isKept || this.#isSecret || length > MAX_REMEMBERED_LINE) return false;
    if (this.goodLine === "") return true;
    this.#differentLines = (this.#differentLines + 1) % DIFFERENT_LINES;
    return this.#differentLines === 0;
  }

  /** Remembers a good line. */
  remember(line: string): void {
    this.goodLine = ownText(line);
    this.goodValue = trimOWS(this.goodLine, this.spelling.length + 1);
  }
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
  const found = new FieldName(ownText(raw), cache.size < MAX_CACHED);
  if (found.isKept) cache.set(found.spelling, found);
  return found;
}

/** Stands before the first field of every request, so that this one is expected too. */
export const FIRST_NAME = new FieldName("", true);
