// The environ on a lane: NUL-separated `key\0value\0…` in latin-1, and one JSON key for values that such text cannot hold.
// Source: docs/lane-protocol.md; SCGI for the idea. Guests decode it with one split.
import { asciiJson, isPortable, portable, revive } from "./environ-json.ts";
import { SHARED_KEY, sharedValueOf } from "./shared-value.ts";

/** The key that holds, as JSON, all values that are not native strings. */
export const JSON_KEY = "tsgi.json";

/** An environ, ready for a frame. */
export interface EnvironText {
  /** `key\0value\0` for each pair; one character per byte. */
  readonly text: string;
  /** Number of pairs: a value with a NUL in it cannot pass as another pair. */
  readonly pairs: number;
  readonly hasJson: boolean;
}

// What each side of a lane provides itself.
const OWN_KEYS = new Set([
  "wsgi.version",
  "wsgi.input",
  "wsgi.errors",
  "wsgi.multithread",
  "wsgi.multiprocess",
  "wsgi.run_once",
  "wsgi.input_terminated",
  "wsgi.file_wrapper",
  "wsgi.early_hints",
  "tsgi.signal",
  "tsgi.upgrade",
]);

const LOWER_A = 97;
// The pairs of an environ, filled and joined within one call. A join makes one flat string; adding up pieces leaves a tree of them to
// the collector.
const keys: string[] = [];
const values: string[] = [];
const scratch: string[] = [];
// V8 compiles this away for strings that it stores with one byte per character, which nearly all are.
const isNotLatin1 = /[^\0-\u00ff]/;

/**
 * Encodes an environ.
 *
 * @param environ - strings go as they are; numbers, booleans, null, arrays, plain objects, `Uint8Array`, `bigint` and `Date` as
 * JSON, shared values as what they hold; other functions, symbols, undefined and instances of classes stay behind
 * @returns the text and its number of pairs
 */
export function encodeEnviron(environ: Readonly<Record<string, unknown>>): EnvironText {
  const { others, isOdd } = collect(environ);
  const pairs = keys.length;
  for (let index = 0; index < pairs; index += 1) {
    scratch[index * 2] = keys[index] as string; // both are below the length
    scratch[index * 2 + 1] = values[index] as string;
  }
  scratch[pairs * 2] = "";
  scratch.length = pairs * 2 + 1;
  const text = scratch.join("\0");
  if (isOdd || isNotLatin1.test(text)) return encodeWithOddStrings(environ, others ?? {});
  return { text, pairs, hasJson: others !== null };
}

/** One environ whose keys the guest knows already, ready for a frame. */
export interface ValuesText {
  /** `value\0` for each key of the list. */
  readonly text: string;
  /** Number of the list of keys. */
  readonly list: number;
  readonly hasJson: boolean;
  /** `key\0key…` when the guest must be told this list first; otherwise null. */
  readonly definition: string | null;
}

/** The number of a list has two bytes in a frame. */
const MAX_LISTS = 65_536;

interface KeyList {
  readonly number: number;
  readonly keys: readonly string[];
}

/**
 * The lists of keys that one guest lane remembers. Requests of one client, and of most, have the same keys in the same order: they then
 * travel as their values alone, and the guest neither makes nor hashes the keys again.
 */
export class KeyLists {
  readonly #limit: number;
  readonly #lists = new Map<string, KeyList>();
  #last: KeyList = { number: -1, keys: [] };

  /** @param limit - how many lists the guest remembers; with more than that the numbers begin anew */
  constructor(limit: number) {
    this.#limit = Math.min(limit, MAX_LISTS);
  }

  /**
   * Encodes an environ.
   *
   * @param environ - as for {@link encodeEnviron}
   * @returns its values; null when it must travel with its keys, because some string is not plain text or the guest keeps no lists
   */
  encode(environ: Readonly<Record<string, unknown>>): ValuesText | null {
    if (this.#limit === 0) return null;
    const { others, isOdd } = collect(environ);
    if (isOdd) return null;
    values.push("");
    const text = values.join("\0");
    if (isNotLatin1.test(text)) return null;
    const hasJson = others !== null;
    const { number, keys: known } = this.#last;
    if (isCollected(known)) return { text, list: number, hasJson, definition: null };
    return this.#find(text, hasJson);
  }

  #find(text: string, hasJson: boolean): ValuesText | null {
    const joined = keys.join("\0");
    const known = this.#lists.get(joined);
    if (known !== undefined) {
      this.#last = known;
      return { text, list: known.number, hasJson, definition: null };
    }
    if (isNotLatin1.test(joined) || keys.some((key) => key.includes("\0"))) return null;
    if (this.#lists.size === this.#limit) this.#lists.clear();
    this.#last = { number: this.#lists.size, keys: [...keys] };
    this.#lists.set(joined, this.#last);
    return { text, list: this.#last.number, hasJson, definition: joined };
  }
}

/** Whether these are the keys that were collected last. */
function isCollected(known: readonly string[]): boolean {
  if (known.length !== keys.length) return false;
  for (let index = 0; index < known.length; index += 1) if (known[index] !== keys[index]) return false;
  return true;
}

/**
 * Fills `keys` and `values` with what travels as text, and with the JSON of all else.
 *
 * @returns what went into the JSON, and whether a NUL was seen where there may be one
 */
function collect(environ: Readonly<Record<string, unknown>>): {
  others: Record<string, unknown> | null;
  isOdd: boolean;
} {
  let filled = 0;
  let isOdd = false;
  let others: Record<string, unknown> | null = null;
  let shared: Record<string, readonly [kind: string, text: string]> | null = null;
  for (const key in environ) {
    const isExtension = key.charCodeAt(0) >= LOWER_A;
    if (isExtension && OWN_KEYS.has(key)) continue;
    const value = environ[key];
    if (typeof value === "string") {
      // Only a decoded path and what middleware made can hold a NUL; no header can. The number of pairs tells if one does.
      if ((isExtension || key === "PATH_INFO") && value.includes("\0")) isOdd = true;
      keys[filled] = key;
      values[filled] = value;
      filled += 1;
    } else if (isPortable(value)) {
      others ??= {};
      others[key] = portable(value);
    } else {
      const own = sharedValueOf(value);
      if (own === null) continue;
      shared ??= {};
      shared[key] = [own.kind, own.share()];
    }
  }
  if (shared !== null) others = { ...others, [SHARED_KEY]: shared };
  if (others !== null && !isOdd) {
    keys[filled] = JSON_KEY;
    values[filled] = asciiJson(others);
    filled += 1;
  }
  keys.length = filled;
  values.length = filled;
  return { others, isOdd };
}

/**
 * Reads back what {@link encodeEnviron} (or a guest) wrote.
 *
 * @param text - the pairs
 * @param pairs - how many there must be
 * @returns the values, or null when their number differs
 */
export function decodeEnviron(text: string, pairs: number): Record<string, unknown> | null {
  const parts = text.split("\0");
  if (parts.length !== pairs * 2 + 1) return null;
  const environ: Record<string, unknown> = {};
  for (let index = 0; index + 1 < parts.length; index += 2) environ[parts[index] as string] = parts[index + 1];
  const json = environ[JSON_KEY];
  if (typeof json === "string") {
    delete environ[JSON_KEY];
    Object.assign(environ, JSON.parse(json, revive));
  }
  return environ;
}

/**
 * Encodes a status and headers as `status\0name\0value…`.
 *
 * @param status - for example `"200 OK"`
 * @param headers - checked ones: without NUL, in latin-1
 */
export function encodeHead(status: string, headers: readonly (readonly [name: string, value: string])[]): string {
  let text = status;
  for (const [name, value] of headers) text += `\0${name}\0${value}`;
  return text;
}

// Applications repeat themselves: many answers in a row have the same status and headers.
const REPEATED_CHARACTERS = 1024;
let lastHead = "";
let lastParts: readonly string[] = [""];

function partsOfHead(text: string): readonly string[] {
  if (text === lastHead) return lastParts;
  const parts = text.split("\0");
  if (text.length <= REPEATED_CHARACTERS) {
    lastHead = text;
    lastParts = parts;
  }
  return parts;
}

/**
 * Decodes `name\0value…` after `start` parts.
 *
 * @param text - the head of a frame
 * @param hasStatus - whether the first part is a status
 * @returns the status (empty without one) and the headers; an odd part at the end is dropped
 */
export function decodeHead(
  text: string,
  hasStatus = true,
): { status: string; headers: [name: string, value: string][] } {
  const parts = partsOfHead(text);
  const headers: [name: string, value: string][] = [];
  const first = hasStatus ? 1 : 0;
  for (let index = first; index + 1 < parts.length; index += 2) {
    headers.push([parts[index] as string, parts[index + 1] as string]); // both are below the length
  }
  return { status: hasStatus ? (parts[0] as string) : "", headers };
}

/** The slow way, for an environ in which some string has a NUL or a character above U+00FF: those go as JSON. */
function encodeWithOddStrings(
  environ: Readonly<Record<string, unknown>>,
  others: Record<string, unknown>,
): EnvironText {
  let text = "";
  let pairs = 0;
  for (const key in environ) {
    if (OWN_KEYS.has(key)) continue;
    const value = environ[key];
    if (typeof value !== "string") continue;
    if (isNotLatin1.test(key) || isNotLatin1.test(value) || value.includes("\0") || key.includes("\0")) {
      others[key] = value;
    } else {
      text += `${key}\0${value}\0`;
      pairs += 1;
    }
  }
  if (Object.keys(others).length === 0) return { text, pairs, hasJson: false };
  return { text: `${text}${JSON_KEY}\0${asciiJson(others)}\0`, pairs: pairs + 1, hasJson: true };
}
