// Checks a JSON text and takes the white space out of it. Nothing else changes: numbers and strings stay as they were written, members
// keep their order; only keys get their canonical escape. It works with a stack of its own, so that no depth overflows anything, and in
// steps, so that a large text does not hold up the process.
// Source: RFC 8259; RFC 7493 section 2.3 for duplicate keys.
import {
  BACKSLASH,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  isSpace,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
} from "./characters.ts";
import { LIMITS } from "../limits.ts";
import { escapeKey, hasLoneSurrogate } from "./json-key.ts";
import { formatPointer } from "./pointer.ts";
import { TextFault, type TextFaultCode } from "./text-fault.ts";

/** How much a text may ask for. */
export interface TextLimits {
  /** Containers inside each other. @default 512 */
  readonly depth: number;
  /** Bytes of a key in UTF-8. @default 4096 */
  readonly keyBytes: number;
  /** Bytes of a string, as it is written. @default 16 MB */
  readonly stringBytes: number;
}

export const DEFAULT_TEXT_LIMITS: TextLimits = {
  depth: LIMITS.max_depth.default,
  keyBytes: LIMITS.max_key.default,
  stringBytes: LIMITS.max_string.default,
};

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const WORD = /true|false|null/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
/** Characters between two pauses; some milliseconds of work. */
const STEP = 256 * 1024;
/** Pieces that are joined at a time: a slice costs more memory than its text. */
const MOST_PIECES = 4096;
/** Up to this many keys of an object a list is faster than a set. */
const MOST_LISTED = 8;

/**
 * Checks a text and returns its compact form.
 *
 * @throws TextFault when it is not JSON, or more than the limits allow
 */
export function compact(text: string, limits: TextLimits = DEFAULT_TEXT_LIMITS): string {
  const steps = compacting(text, limits);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

/** {@link compact} in steps of some milliseconds. */
export function* compacting(text: string, limits: TextLimits = DEFAULT_TEXT_LIMITS): Generator<undefined, string> {
  const scan = new Scan(text, limits);
  while (!scan.advance(STEP)) yield;
  return scan.result();
}

/** What may come next. */
type Expected = "value" | "value or end" | "key" | "key or end" | "colon" | "comma or end" | "nothing";

const WANTED: Readonly<Record<Expected, string>> = {
  value: "a value",
  "value or end": "a value or ]",
  key: "a key in double quotes",
  "key or end": "a key in double quotes or }",
  colon: "a colon",
  "comma or end": "a comma or the end of the array or object",
  nothing: "nothing more",
};

/** An array or object that is open. */
interface Frame {
  readonly isObject: boolean;
  count: number;
  key: string;
  listed: string[];
  set: Set<string> | null;
}

class Scan {
  readonly #text: string;
  readonly #limits: TextLimits;
  readonly #frames: Frame[] = [];
  #at = 0;
  #expected: Expected = "value";
  /** Start of what is not yet among the pieces. */
  #runStart = 0;
  #pieces: string[] = [];
  #out = "";

  constructor(text: string, limits: TextLimits) {
    this.#text = text;
    this.#limits = limits;
  }

  /** Reads about so many characters. @returns whether the end was reached */
  advance(characters: number): boolean {
    const text = this.#text;
    const stop = this.#at + characters;
    while (this.#at < text.length) {
      if (this.#at >= stop) return false;
      const code = text.charCodeAt(this.#at);
      if (isSpace(code)) this.#skipSpace();
      else this.#token(code);
    }
    if (this.#expected !== "nothing") throw this.#syntax("the end of the text");
    return true;
  }

  result(): string {
    if (this.#runStart === 0 && this.#out === "" && this.#pieces.length === 0) return this.#text;
    this.#keep(this.#text.length);
    return this.#out + this.#pieces.join("");
  }

  #skipSpace(): void {
    const text = this.#text;
    this.#keep(this.#at);
    while (isSpace(text.charCodeAt(this.#at))) this.#at += 1;
    this.#runStart = this.#at;
  }

  /** Takes everything up to an index over into the result. */
  #keep(end: number): void {
    if (end > this.#runStart) this.#piece(this.#text.slice(this.#runStart, end));
    this.#runStart = end;
  }

  #piece(piece: string): void {
    if (this.#pieces.push(piece) < MOST_PIECES) return;
    this.#out += this.#pieces.join("");
    this.#pieces = [];
  }

  #token(code: number): void {
    switch (this.#expected) {
      case "comma or end":
        return this.#afterValue(code);
      case "value or end":
        if (code === CLOSE_ARRAY) return this.#close();
        return this.#value(code);
      case "value":
        return this.#value(code);
      case "key or end":
        if (code === CLOSE_OBJECT) return this.#close();
        return this.#key(code);
      case "key":
        return this.#key(code);
      case "colon":
        if (code !== COLON) throw this.#syntax();
        this.#at += 1;
        this.#expected = "value";
        return undefined;
      case "nothing":
        throw this.#syntax();
    }
  }

  #afterValue(code: number): void {
    const frame = this.#frames.at(-1);
    if (frame === undefined) throw this.#syntax();
    if (code === COMMA) {
      this.#at += 1;
      frame.count += 1;
      this.#expected = frame.isObject ? "key" : "value";
    } else if (code === (frame.isObject ? CLOSE_OBJECT : CLOSE_ARRAY)) {
      this.#close();
    } else {
      throw this.#syntax();
    }
  }

  #close(): void {
    this.#at += 1;
    this.#frames.pop();
    this.#valueIsOver();
  }

  #valueIsOver(): void {
    this.#expected = this.#frames.length === 0 ? "nothing" : "comma or end";
  }

  #value(code: number): void {
    if (code === QUOTE) {
      const { end } = this.#string();
      this.#at = end;
    } else if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
      return this.#open(code === OPEN_OBJECT);
    } else {
      const end = this.#match(code === 0x2d || (code >= 0x30 && code <= 0x39) ? NUMBER : WORD, this.#at);
      if (end < 0) throw this.#syntax();
      this.#at = end;
    }
    return this.#valueIsOver();
  }

  #open(isObject: boolean): void {
    if (this.#frames.length >= this.#limits.depth) {
      throw this.#fault("too-deep", `Containers may be ${this.#limits.depth} deep here`, this.#at);
    }
    this.#frames.push({ isObject, count: 0, key: "", listed: [], set: null });
    this.#expected = isObject ? "key or end" : "value or end";
    this.#at += 1;
  }

  #key(code: number): void {
    if (code !== QUOTE) throw this.#syntax();
    const start = this.#at;
    const { end, isEscaped } = this.#string();
    const raw = this.#text.slice(start + 1, end - 1);
    const key = isEscaped ? this.#canonical(raw, start) : raw;
    // A key of UTF-8 has at most three bytes for each unit.
    if (key.length * 3 > this.#limits.keyBytes) this.#checkKeyLength(key, start);
    const frame = this.#frames.at(-1);
    if (frame === undefined) throw this.#syntax();
    frame.key = key;
    if (isKnown(frame, key)) {
      throw this.#fault("duplicate-key", `The key "${key.slice(0, 80)}" is there twice in one object`, start);
    }
    if (key !== raw) {
      this.#keep(start + 1);
      this.#piece(key);
      this.#runStart = end - 1;
    }
    this.#at = end;
    this.#expected = "colon";
  }

  #canonical(raw: string, start: number): string {
    const key = JSON.parse(`"${raw}"`) as string; // a string of JSON is a string
    if (hasLoneSurrogate(key)) throw this.#fault("lone-surrogate", "A key has half a surrogate pair in it", start);
    return escapeKey(key);
  }

  #checkKeyLength(escaped: string, start: number): void {
    const key = JSON.parse(`"${escaped}"`) as string; // as above
    if (Buffer.byteLength(key) <= this.#limits.keyBytes) return;
    throw this.#fault("key-too-long", `A key may have ${this.#limits.keyBytes} bytes`, start);
  }

  /** @returns the index after the closing quote */
  #string(): { readonly end: number; readonly isEscaped: boolean } {
    const text = this.#text;
    const start = this.#at;
    let isEscaped = false;
    let at = start + 1;
    for (;;) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) break;
      if (code === BACKSLASH) {
        isEscaped = true;
        const end = this.#match(ESCAPE, at);
        if (end < 0) throw this.#fault("syntax", "Unknown escape in a string", at);
        at = end;
      } else if (code >= 0x20) {
        at += 1;
      } else {
        // Below that are control characters; after the last character the code is NaN.
        const what = at >= text.length ? "A string has no end" : "A string has a control character in it, unescaped";
        throw this.#fault("syntax", what, at);
      }
    }
    const { stringBytes } = this.#limits;
    if ((at - start) * 3 > stringBytes && Buffer.byteLength(text.slice(start + 1, at)) > stringBytes) {
      throw this.#fault("string-too-long", `A string may have ${stringBytes} bytes`, start);
    }
    return { end: at + 1, isEscaped };
  }

  /** @returns the index after what matches there, or -1 */
  #match(expression: RegExp, at: number): number {
    expression.lastIndex = at;
    return expression.test(this.#text) ? expression.lastIndex : -1;
  }

  #syntax(found = JSON.stringify(String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0))): TextFault {
    return this.#fault("syntax", `Expected ${WANTED[this.#expected]}, got ${found}`, this.#at);
  }

  #fault(code: TextFaultCode, message: string, index: number): TextFault {
    const path = this.#frames
      .filter(({ isObject }, depth) => !isObject || depth < this.#frames.length - 1 || this.#expected !== "key or end")
      .map(({ isObject, key, count }) => (isObject ? (JSON.parse(`"${key}"`) as string) : String(count))); // as above
    return new TextFault(code, message, index, formatPointer(path));
  }
}

function isKnown(frame: Frame, key: string): boolean {
  const { listed, set } = frame;
  if (set !== null) return set.size === set.add(key).size;
  if (listed.includes(key)) return true;
  if (listed.push(key) > MOST_LISTED) frame.set = new Set(listed);
  return false;
}
