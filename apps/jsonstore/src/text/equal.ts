// Whether two compact texts are the same value: members in any order, numbers by their decimal value, strings by their characters.
// Source: RFC 6902 section 4.6. No number becomes a double on the way, so 1e400 and 1E400 are equal, and 0.1 and 0.10000000000000000001 are not.
import { elementsOf, membersOf, typeAt, valueEnd } from "./spans.ts";

/** Compares two compact texts as values. */
export function isEqualJson(a: string, b: string): boolean {
  return a === b || isEqualAt(a, 0, b, 0);
}

function isEqualAt(a: string, aStart: number, b: string, bStart: number): boolean {
  const type = typeAt(a, aStart);
  if (type !== typeAt(b, bStart)) return false;
  if (type === "object") return isEqualObject(a, aStart, b, bStart);
  if (type === "array") return isEqualArray(a, aStart, b, bStart);
  const aText = a.slice(aStart, valueEnd(a, aStart));
  const bText = b.slice(bStart, valueEnd(b, bStart));
  if (aText === bText) return true;
  if (type === "number") return decimal(aText) === decimal(bText);
  return type === "string" && JSON.parse(aText) === JSON.parse(bText);
}

function isEqualObject(a: string, aStart: number, b: string, bStart: number): boolean {
  const starts = new Map<string, number>();
  for (const { key, start } of membersOf(b, bStart)) starts.set(key, start);
  let count = 0;
  for (const { key, start } of membersOf(a, aStart)) {
    const other = starts.get(key);
    if (other === undefined || !isEqualAt(a, start, b, other)) return false;
    count += 1;
  }
  return count === starts.size;
}

function isEqualArray(a: string, aStart: number, b: string, bStart: number): boolean {
  const others = elementsOf(b, bStart);
  for (const { start } of elementsOf(a, aStart)) {
    const other = others.next();
    if (other.done === true || !isEqualAt(a, start, b, other.value.start)) return false;
  }
  return others.next().done === true;
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
