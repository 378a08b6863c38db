// Finds values in compact text by their offsets. The text was checked when it came in (compact.ts), so nothing is checked again but its end:
// what lies on a disk may be damaged, and who looked for an end that is not there would look for ever.
import { AT, BACKSLASH, CLOSE_ARRAY, CLOSE_OBJECT, COMMA, OPEN_ARRAY, OPEN_OBJECT, QUOTE } from "./characters.ts";

/** A part of a text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The types that JSON has. */
export type JsonType = "object" | "array" | "string" | "number" | "boolean" | "null";

/** Returns the type of the value that starts at an index. */
export function typeAt(text: string, start: number): JsonType {
  switch (text.charCodeAt(start)) {
    case OPEN_OBJECT:
      return "object";
    case OPEN_ARRAY:
      return "array";
    case QUOTE:
      return "string";
    case 0x74:
    case 0x66:
      return "boolean";
    case 0x6e:
      return "null";
    default:
      return "number";
  }
}

/** Returns the index after the string whose opening quote is at `start`. @throws Error when it has no end */
export function stringEnd(text: string, start: number): number {
  let quote = text.indexOf('"', start + 1);
  while (text.charCodeAt(quote - 1) === BACKSLASH && isEscapedAt(text, quote)) quote = text.indexOf('"', quote + 1);
  if (quote < 0) throw damaged(text);
  return quote + 1;
}

function damaged(text: string): Error {
  return new Error(`The database is damaged: a text of ${text.length} characters has no end`);
}

function isEscapedAt(text: string, quote: number): boolean {
  let at = quote - 1;
  while (text.charCodeAt(at) === BACKSLASH) at -= 1;
  return (quote - at) % 2 === 0;
}

/** Returns the index after the value that starts at `start`. */
export function valueEnd(text: string, start: number): number {
  return valueEndWithin(text, start, Number.POSITIVE_INFINITY, false);
}

/**
 * Returns the index after the value that starts at `start`, or -1 if an array or object is longer than `most`, or has a reference to a
 * container in it and `isPlain` is set.
 *
 * @throws Error when the text ends before
 */
export function valueEndWithin(text: string, start: number, most: number, isPlain = true): number {
  const first = text.charCodeAt(start);
  if (first === QUOTE) return stringEnd(text, start);
  if (first !== OPEN_OBJECT && first !== OPEN_ARRAY) return scalarEnd(text, start);
  const stop = Math.min(start + most, text.length);
  let depth = 0;
  let at = start;
  while (at < stop) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = stringEnd(text, at);
      continue;
    }
    at += 1;
    if (code === OPEN_OBJECT || code === OPEN_ARRAY) depth += 1;
    else if (code === AT && isPlain) return -1;
    else if ((code === CLOSE_OBJECT || code === CLOSE_ARRAY) && (depth -= 1) === 0) return at <= stop ? at : -1;
  }
  if (stop === text.length) throw damaged(text);
  return -1;
}

function scalarEnd(text: string, start: number): number {
  let at = start;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === COMMA || code === CLOSE_OBJECT || code === CLOSE_ARRAY) break;
    at += 1;
  }
  return at;
}

/** A member of an object: its canonical key and where its value is. */
export interface MemberSpan extends Span {
  readonly key: string;
  /** Of the opening quote of the key. */
  readonly keyStart: number;
}

/**
 * Reads the key of the member that starts at `at`, for one who will find the end of the value itself: a walk that goes down into each value must
 * not look for its end before, or it reads the text once for each level.
 */
export function keyAt(text: string, at: number): { readonly key: string; readonly start: number } {
  const end = stringEnd(text, at);
  return { key: text.slice(at + 1, end - 1), start: end + 1 };
}

/** Returns where the next member or element starts, or the closing bracket, behind a value that ends at `end`. */
export function behind(text: string, end: number): number {
  return text.charCodeAt(end) === COMMA ? end + 1 : end;
}

/** Whether an array or object ends at `at`. @throws Error when the text ends there, and that does not */
export function isClosed(text: string, at: number): boolean {
  if (at >= text.length) throw damaged(text);
  const code = text.charCodeAt(at);
  return code === CLOSE_OBJECT || code === CLOSE_ARRAY;
}

/** Iterates over the members of the object that starts at `start`. */
export function* membersOf(text: string, start: number): Generator<MemberSpan> {
  let keyStart = start + 1;
  while (!isClosed(text, keyStart)) {
    const { key, start: value } = keyAt(text, keyStart);
    const end = valueEnd(text, value);
    yield { key, keyStart, start: value, end };
    keyStart = behind(text, end);
  }
}

/** Iterates over the elements of the array that starts at `start`. */
export function* elementsOf(text: string, start: number): Generator<Span> {
  let at = start + 1;
  while (!isClosed(text, at)) {
    const end = valueEnd(text, at);
    yield { start: at, end };
    at = behind(text, end);
  }
}

/** Finds a member by its canonical key, without making texts of the others. */
export function findMember(text: string, start: number, key: string): MemberSpan | null {
  let keyStart = start + 1;
  while (!isClosed(text, keyStart)) {
    const keyEnd = stringEnd(text, keyStart);
    const end = valueEnd(text, keyEnd + 1);
    if (keyEnd - keyStart === key.length + 2 && text.startsWith(key, keyStart + 1)) {
      return { key, keyStart, start: keyEnd + 1, end };
    }
    keyStart = behind(text, end);
  }
  return null;
}

/** Finds an element by its position. */
export function findElement(text: string, start: number, index: number): Span | null {
  let position = 0;
  for (const span of elementsOf(text, start)) {
    if (position === index) return span;
    position += 1;
  }
  return null;
}

/** Counts what is in the array or object that starts at `start`. */
export function countOf(text: string, start: number): number {
  let count = 0;
  for (const _ of text.charCodeAt(start) === OPEN_OBJECT ? membersOf(text, start) : elementsOf(text, start)) count += 1;
  return count;
}
