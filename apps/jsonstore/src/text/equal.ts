// Whether two compact texts are the same value: members in any order, numbers by their decimal value, strings by their characters.
// Source: RFC 6902 section 4.6. No number becomes a double on the way, so 1e400 and 1E400 are equal, and 0.1 and 0.10000000000000000001 are not.
import { behind, isClosed, keyAt, typeAt, valueEnd } from "./spans.ts";

/**
 * Compares two compact texts as values. Both are read once, side by side, as long as their members stand in the same order; of an object where they
 * do not, the rest of the second text is read once more.
 *
 * @param spend - is told of each character that is read once more, and may throw
 */
export function isEqualJson(a: string, b: string, spend: (characters: number) => void = () => {}): boolean {
  return a === b || new Comparison(a, b, spend).isEqual(0, 0);
}

class Comparison {
  readonly #a: string;
  readonly #b: string;
  readonly #spend: (characters: number) => void;
  /** Indexes after the values that were found equal last. */
  #aEnd = 0;
  #bEnd = 0;

  constructor(a: string, b: string, spend: (characters: number) => void) {
    this.#a = a;
    this.#b = b;
    this.#spend = spend;
  }

  isEqual(aStart: number, bStart: number): boolean {
    const type = typeAt(this.#a, aStart);
    if (type !== typeAt(this.#b, bStart)) return false;
    if (type === "object") return this.#isEqualObject(aStart, bStart);
    if (type === "array") return this.#isEqualArray(aStart, bStart);
    this.#aEnd = valueEnd(this.#a, aStart);
    this.#bEnd = valueEnd(this.#b, bStart);
    const aText = this.#a.slice(aStart, this.#aEnd);
    const bText = this.#b.slice(bStart, this.#bEnd);
    if (aText === bText) return true;
    if (type === "number") return decimal(aText) === decimal(bText);
    return type === "string" && JSON.parse(aText) === JSON.parse(bText);
  }

  #isEqualObject(aStart: number, bStart: number): boolean {
    let a = aStart + 1;
    let b = bStart + 1;
    while (!isClosed(this.#a, a) && !isClosed(this.#b, b)) {
      const one = keyAt(this.#a, a);
      const other = keyAt(this.#b, b);
      if (one.key !== other.key) return this.#isEqualRest(a, b);
      if (!this.isEqual(one.start, other.start)) return false;
      a = behind(this.#a, this.#aEnd);
      b = behind(this.#b, this.#bEnd);
    }
    return this.#areClosed(a, b);
  }

  /** Compares the members from here on, whose order differs. */
  #isEqualRest(aStart: number, bStart: number): boolean {
    const starts = new Map<string, number>();
    let b = bStart;
    while (!isClosed(this.#b, b)) {
      const { key, start } = keyAt(this.#b, b);
      starts.set(key, start);
      b = behind(this.#b, valueEnd(this.#b, start));
    }
    this.#spend(b - bStart);
    let a = aStart;
    let count = 0;
    while (!isClosed(this.#a, a)) {
      const { key, start } = keyAt(this.#a, a);
      const other = starts.get(key);
      if (other === undefined || !this.isEqual(start, other)) return false;
      count += 1;
      a = behind(this.#a, this.#aEnd);
    }
    return count === starts.size && this.#areClosed(a, b);
  }

  #isEqualArray(aStart: number, bStart: number): boolean {
    let a = aStart + 1;
    let b = bStart + 1;
    while (!isClosed(this.#a, a) && !isClosed(this.#b, b)) {
      if (!this.isEqual(a, b)) return false;
      a = behind(this.#a, this.#aEnd);
      b = behind(this.#b, this.#bEnd);
    }
    return this.#areClosed(a, b);
  }

  #areClosed(a: number, b: number): boolean {
    this.#aEnd = a + 1;
    this.#bEnd = b + 1;
    return isClosed(this.#a, a) && isClosed(this.#b, b);
  }
}

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

const MOST_EXPONENT_DIGITS = 64;

/** A spelling that only equal numbers share: digits without zeros at their ends, and the exponent of the last one. */
function decimal(text: string): string {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = NUMBER.exec(text) ?? [];
  const all = `${whole}${fraction}`;
  let from = 0;
  while (from < all.length && all.charCodeAt(from) === 0x30) from += 1;
  let to = all.length;
  while (to > from && all.charCodeAt(to - 1) === 0x30) to -= 1;
  if (from === to) return "0";
  // The exponent of such a number is never reached by adding: its spelling decides.
  if (exponent.length > MOST_EXPONENT_DIGITS) return text;
  return `${sign}${all.slice(from, to)}e${BigInt(exponent) - BigInt(fraction.length) + BigInt(all.length - to)}`;
}
