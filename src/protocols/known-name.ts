// The names of variables as they were seen before. A web server sends nearly the same names in the same order with each request, so the name
// that stood behind the one before is compared with the bytes first: no text is made of them, and nothing is looked up by one.
//
// What is kept are names only, each a copy of its own; never a value.
import { Buffer } from "node:buffer";

/** A name, and what was seen behind it. */
export interface KnownName {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Seen behind it lately. */
  next: KnownName | null;
  /** Seen behind it before that: some names come twice, and clients differ. */
  other: KnownName | null;
}

/** Clients invent names, so both are bounded. */
const MAX_KEPT = 1024;
const MAX_KEPT_BYTES = 64;
const kept = new Map<string, KnownName>();

/** Stands before the first name of a request. */
const START = make("");

/** @returns what stands before the first name of a request */
export function beforeFirstName(): KnownName {
  return START;
}

/**
 * Reads a name.
 *
 * @param data - holds it
 * @param start - of its bytes
 * @param end - of its bytes; not behind `data`
 * @param before - the name in front of it
 */
export function knownName(data: Uint8Array, start: number, end: number, before: KnownName): KnownName {
  const { next, other } = before;
  if (next !== null && isAt(data, start, end, next)) return next;
  if (other !== null && isAt(data, start, end, other)) return other;
  const text = Buffer.from(data.buffer, data.byteOffset + start, end - start).toString("latin1");
  const known = kept.get(text) ?? make(text);
  if (end - start > MAX_KEPT_BYTES || (kept.size >= MAX_KEPT && !kept.has(text))) return known;
  kept.set(text, known);
  before.other = next;
  before.next = known;
  return known;
}

function make(name: string): KnownName {
  return { name, bytes: Uint8Array.from(name, (character) => character.charCodeAt(0)), next: null, other: null };
}

function isAt(data: Uint8Array, start: number, end: number, { bytes }: KnownName): boolean {
  if (bytes.length !== end - start) return false;
  // From behind: many names begin alike.
  for (let at = bytes.length - 1; at >= 0; at -= 1) if (data[start + at] !== bytes[at]) return false;
  return true;
}
