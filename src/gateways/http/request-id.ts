// The name of a request in logs: the one that came with it, so that it can be followed through several servers, or a new one.
import { randomBytes } from "node:crypto";

/** Fits into a header field, a log line and a shell command without quotes, and leaves nothing to escape. */
const SAFE = /^[A-Za-z0-9._:+/=@-]{1,128}$/;

/** Ids are this process's own name and a number: as unique as random ones, at a tenth of their cost. */
const PREFIX = `${randomBytes(6).toString("hex")}-`;
let count = 0;

/**
 * The id of a request.
 *
 * @param received - the X-Request-ID field, if there is one; it is kept when it is a word of at most 128 safe characters
 */
export function requestIdOf(received: unknown): string {
  if (typeof received === "string" && SAFE.test(received)) return received;
  count += 1;
  return PREFIX + count;
}
