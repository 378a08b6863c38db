// The environ on a lane: NUL-separated `key\0value\0…` in latin-1, and one JSON key for values that such text cannot hold.
// Source: docs/lane-protocol.md; SCGI for the idea. Guests decode it with one split.
import { Buffer } from "node:buffer";

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
]);

const LOWER_A = 97;
// Filled and joined within one call. A join makes one flat string; adding up pieces leaves a tree of them to the collector.
const scratch: string[] = [];
// V8 compiles this away for strings that it stores with one byte per character, which nearly all are.
const isNotLatin1 = /[^\0-\u00ff]/;

/**
 * Encodes an environ.
 *
 * @param environ - strings go as they are; numbers, booleans, null, arrays, plain objects, `Uint8Array`, `bigint` and `Date` as
 * JSON; functions, symbols, undefined and instances of classes stay behind
 * @returns the text and its number of pairs
 */
export function encodeEnviron(environ: Readonly<Record<string, unknown>>): EnvironText {
  let filled = 0;
  let isOdd = false;
  let others: Record<string, unknown> | null = null;
  for (const key in environ) {
    const isExtension = key.charCodeAt(0) >= LOWER_A;
    if (isExtension && OWN_KEYS.has(key)) continue;
    const value = environ[key];
    if (typeof value === "string") {
      // Only a decoded path and what middleware made can hold a NUL; no header can. The number of pairs tells if one does.
      if ((isExtension || key === "PATH_INFO") && value.includes("\0")) isOdd = true;
      scratch[filled] = key;
      scratch[filled + 1] = value;
      filled += 2;
    } else if (isPortable(value)) {
      others ??= {};
      others[key] = portable(value);
    }
  }
  scratch[filled] = "";
  scratch.length = filled + 1;
  const text = scratch.join("\0");
  if (isOdd || isNotLatin1.test(text)) {
    return encodeWithOddStrings(environ, others ?? {});
  }
  const pairs = filled / 2;
  if (others === null) return { text, pairs, hasJson: false };
  return { text: `${text}${JSON_KEY}\0${asciiJson(others)}\0`, pairs: pairs + 1, hasJson: true };
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
  const parts = text.split("\0");
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

function isPortable(value: unknown): boolean {
  if (value === null || typeof value === "number" || typeof value === "boolean" || typeof value === "bigint")
    return true;
  if (typeof value !== "object") return false;
  if (Array.isArray(value)) return value.every((item) => typeof item === "string" || isPortable(item));
  if (value instanceof Uint8Array || value instanceof Date) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return Object.values(value).every((item) => typeof item === "string" || isPortable(item));
}

/** Tags what JSON lacks. `JSON.stringify` would turn a Date into text before a replacer sees it, so this runs first. */
function portable(value: unknown): unknown {
  if (typeof value === "bigint") return { "tsgi:int": String(value) };
  if (typeof value === "number" && !Number.isFinite(value)) return null;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(portable);
  if (value instanceof Uint8Array) return { "tsgi:bytes": Buffer.from(value).toString("base64") };
  if (value instanceof Date) return { "tsgi:datetime": value.toISOString().replace("Z", "+00:00") };
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, portable(item)]));
}

function revive(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const tagged = value as Record<string, unknown>;
  if (typeof tagged["tsgi:bytes"] === "string") return Buffer.from(tagged["tsgi:bytes"], "base64");
  if (typeof tagged["tsgi:int"] === "string") return BigInt(tagged["tsgi:int"]);
  if (typeof tagged["tsgi:datetime"] === "string") return new Date(tagged["tsgi:datetime"]);
  return value;
}

/** JSON in ASCII, so that it fits into latin-1 text; JSON never holds a raw NUL. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
