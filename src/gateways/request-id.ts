// The name of a request in logs: the one that came with it, so that it can be followed through several servers, or a new one.
import { randomBytes } from "node:crypto";

/** Fits into a header field, a log line and a shell command without quotes, and leaves nothing to escape. */
const SAFE = /^[A-Za-z0-9._:+/=@-]{1,128}$/;

/** Ids are this process's own name and a number: as unique as random ones, at a tenth of their cost. */
const PROCESS = `${randomBytes(6).toString("hex")}-`;
/**
 * The last three digits of all numbers. Joining two strings that exist costs next to nothing; turning each number into text would
 * fill V8's cache of such texts, and what lies in that cache survives collection after collection.
 */
const LAST_DIGITS = Array.from({ length: 1000 }, (_, index) => String(index).padStart(3, "0"));
let thousands = 0;
let prefix = PROCESS;
let count = 0;

/**
 * The id of a request.
 *
 * @param received - the X-Request-ID field, if there is one; it is kept when it is a word of at most 128 safe characters
 */
export function requestIdOf(received: unknown): string {
  if (typeof received === "string" && SAFE.test(received)) return received;
  count += 1;
  if (count === LAST_DIGITS.length) {
    count = 0;
    thousands += 1;
    prefix = PROCESS + String(thousands);
  }
  return prefix + (LAST_DIGITS[count] as string); // the index is below the length
}
