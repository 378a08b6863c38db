// The name of a request in logs: the one that came with it, so that it can be followed through several servers, or a new one.

/** Fits into a header field, a log line and a shell command without quotes, and leaves nothing to escape. */
const SAFE = /^[A-Za-z0-9._:+/=@-]{1,128}$/;

/**
 * Ids are this process's own name and a number: as unique as random ones, at a tenth of their cost. The name is made with the first id,
 * because runtimes of the web give nothing random before there is a request.
 */
let processName = "";
/**
 * The last three digits of all numbers. Joining two strings that exist costs next to nothing; turning each number into text would
 * fill V8's cache of such texts, and what lies in that cache survives collection after collection.
 */
const LAST_DIGITS = Array.from({ length: 1000 }, (_, index) => String(index).padStart(3, "0"));
let thousands = 0;
let prefix = "";
/** The first id turns it over, which makes the prefix. */
let count = LAST_DIGITS.length - 1;

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
    if (processName === "") processName = `${randomHex(6)}-`;
    prefix = thousands === 0 ? processName : processName + String(thousands);
    thousands += 1;
  }
  return prefix + (LAST_DIGITS[count] as string); // the index is below the length
}

function randomHex(bytes: number): string {
  const random = globalThis.crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
