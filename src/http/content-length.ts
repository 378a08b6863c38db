// The number in a Content-Length: one reading of it for requests, for answers, and for what an application is told. Source: RFC 9110 section 8.6.
import { DIGITS } from "./grammar.ts";

/** Digits of the largest number that JavaScript counts exactly. */
export const MAX_LENGTH_DIGITS = 15;

/**
 * Reads it. Digits only: no sign, no list, no other base (CVE-2022-24761, CVE-2023-38697, CVE-2023-40175).
 *
 * @returns NaN for anything else; infinite for a number that cannot be counted
 */
export function readContentLength(value: string): number {
  if (!DIGITS.test(value)) return Number.NaN;
  const digits = withoutZeros(value);
  return digits.length > MAX_LENGTH_DIGITS ? Number.POSITIVE_INFINITY : Number(digits);
}

/** Takes the zeros before a number away. HTTP allows them, but who reads it next may take them for the sign of an octal number. */
export function withoutZeros(digits: string): string {
  return digits.replace(/^0+(?=[0-9])/, "");
}
