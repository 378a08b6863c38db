// The bytes of a response against what its head says. Source: PEP 3333, "Handling the Content-Length Header"; RFC 9110 sections 6.4.1
// and 8.6.
import { enforce } from "../rule.ts";
import type { Rule } from "../rule.ts";
import { bodilessReason } from "./checked-call.ts";
import type { CheckedCall } from "./checked-call.ts";

/** The rule about responses without a body. */
export const BODY_UNWANTED: Rule<CheckedCall> = {
  code: "ERR_TSGI_BODY_UNWANTED",
  text: "The body must contain no bytes when the method is HEAD or the status is 1xx (except 101), 204 or 304",
  check(exchange) {
    const reason = bodilessReason(exchange);
    return reason === null || exchange.sentBytes === 0 ? null : `${reason}, got ${exchange.sentBytes} bytes`;
  },
};

/** The rule about too many bytes. */
export const BODY_TOO_LONG: Rule<CheckedCall> = {
  code: "ERR_TSGI_BODY_TOO_LONG",
  text: "The body must not contain more bytes than Content-Length says",
  check(exchange) {
    const length = exchange.announced?.contentLength ?? null;
    return length === null || exchange.sentBytes <= length
      ? null
      : `expected ${length}, got at least ${exchange.sentBytes}`;
  },
};

/** The rule about too few bytes. */
export const BODY_TOO_SHORT: Rule<CheckedCall> = {
  code: "ERR_TSGI_BODY_TOO_SHORT",
  text: "The body must not contain fewer bytes than Content-Length says, unless the method is HEAD or the status is 304",
  check(exchange) {
    const length = exchange.announced?.contentLength ?? null;
    return length === null || exchange.sentBytes >= length || bodilessReason(exchange) !== null
      ? null
      : `expected ${length}, got ${exchange.sentBytes}`;
  },
};

/**
 * Adds a chunk to what was sent.
 *
 * @throws ContractViolation when there is too much of it
 */
export function countChunk(exchange: CheckedCall, chunk: Uint8Array): void {
  exchange.sentBytes += chunk.length;
  enforce(BODY_UNWANTED, exchange);
  enforce(BODY_TOO_LONG, exchange);
}
