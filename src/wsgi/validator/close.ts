// close(): called exactly once, however the request ends. Source: PEP 3333, "Specification Details" (the paragraph on close()).
import { enforce, show } from "../rule.ts";
import type { Rule, RuleSection } from "../rule.ts";
import type { WSGIBody } from "../types.ts";
import type { CheckedCall } from "./checked-call.ts";

/** The rule about the type. */
export const CLOSE_FUNCTION: Rule<unknown> = {
  code: "ERR_TSGI_CLOSE_FUNCTION",
  text: "`close` of the body, if present, must be a function",
  check(body) {
    const close = (body as { close?: unknown }).close; // the rules before: an object
    return close === undefined || typeof close === "function" ? null : `got ${show(close)}`;
  },
};

/** The rule about the second call. */
export const CLOSED_TWICE: Rule<CheckedCall> = {
  code: "ERR_TSGI_CLOSED_TWICE",
  text: "The server must not call `close` a second time",
  check: (exchange) => (exchange.closeCalls > 1 ? `called ${exchange.closeCalls} times` : null),
};

/** The rule about the missing call; it can only be noticed when the garbage is collected. */
export const NOT_CLOSED: Rule<Pick<CheckedCall, "method" | "closeCalls">> = {
  code: "WARN_TSGI_NOT_CLOSED",
  text: "The server must call `close` of the body, if there is one, when the response is complete, when it fails, and when the client leaves",
  isWarning: true,
  check: ({ method, closeCalls }) =>
    closeCalls === 0 ? `the body of a ${method} request was forgotten without being closed` : null,
};

const forgotten = new FinalizationRegistry<CheckedCall>((exchange) => enforce(NOT_CLOSED, exchange));

/** Warns when the server drops `guarded` without closing it. */
export function watchForClose(guarded: WSGIBody, exchange: CheckedCall): void {
  forgotten.register(guarded, exchange, exchange);
}

/**
 * Closes the body of the application on behalf of the server.
 *
 * @returns what the `close` of the application returns
 * @throws ContractViolation when it was closed before
 */
export function closeOnce(body: WSGIBody, exchange: CheckedCall): void | Promise<void> {
  exchange.closeCalls += 1;
  enforce(CLOSED_TWICE, exchange);
  forgotten.unregister(exchange);
  const isComplete = exchange.isExhausted;
  let isLater = false;
  try {
    const result = typeof body?.close === "function" ? body.close() : undefined;
    if (!(result instanceof Promise)) return result;
    isLater = true;
    return result.finally(() => {
      exchange.isEnded = isComplete;
    });
  } finally {
    if (!isLater) exchange.isEnded = isComplete;
  }
}

/** Section of SPEC.md. */
export const CLOSE_SECTION: RuleSection = {
  title: "close",
  introduction:
    "A body may have a `close` method, which frees what the request holds. It is called exactly once, even if the iteration " +
    "failed, the client disconnected, or the body was never iterated. It may return a promise. When iteration stops early, the " +
    "iterator's `return()` is called first, as in a `for` loop, and then `close()`.",
  rules: [CLOSE_FUNCTION, CLOSED_TWICE, NOT_CLOSED],
};
