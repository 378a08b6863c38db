// The body that an application returns, and how a server iterates over it. Source: PEP 3333, "Specification Details" and "Buffering
// and Streaming"; the IteratorWrapper of wsgiref.validate. A synchronous body stays one, and an array an array, since servers
// treat them differently.
import { enforce, show } from "../rule.ts";
import type { Rule, RuleSection } from "../rule.ts";
import type { Bytes, WSGIBody } from "../types.ts";
import { CLOSE_FUNCTION, closeOnce, watchForClose } from "./close.ts";
import type { CheckedCall } from "./checked-call.ts";
import { BODY_TOO_LONG, BODY_TOO_SHORT, BODY_UNWANTED, countChunk } from "./length.ts";

/** The rule about strings. */
export const BODY_STRING: Rule<unknown> = {
  code: "ERR_TSGI_BODY_STRING",
  text: "The body must not be a string; return an iterable of bytes, such as `[Buffer.from(text)]`",
  check: (body) => (typeof body === "string" ? `got ${show(body)}` : null),
};

/** The rule about bare bytes. */
export const BODY_BYTES: Rule<unknown> = {
  code: "ERR_TSGI_BODY_BYTES",
  text: "The body must not be bare bytes, which iterate as numbers; return an iterable of them, such as `[bytes]`",
  check: (body) => (ArrayBuffer.isView(body) || body instanceof ArrayBuffer ? `got ${show(body)}` : null),
};

/** The rule about iterables. */
export const BODY_TYPE: Rule<unknown> = {
  code: "ERR_TSGI_BODY_TYPE",
  text: "The application must return an iterable or async iterable, or a promise of one; an empty array will do",
  check: (body) => (isIterable(body) || isAsyncIterable(body) ? null : `got ${show(body)}`),
};

/** The rule about chunks. */
export const CHUNK_TYPE: Rule<unknown> = {
  code: "ERR_TSGI_CHUNK_TYPE",
  text: "Each chunk of the body must be a `Uint8Array`",
  check: (chunk) => (chunk instanceof Uint8Array ? null : `got ${show(chunk)}`),
};

/** The rule about order. */
export const NO_START_RESPONSE: Rule<CheckedCall> = {
  code: "ERR_TSGI_NO_START_RESPONSE",
  text: "The application must call `startResponse` before its body yields the first chunk or ends",
  check: (exchange) => (exchange.announced === null ? "it was not called" : null),
};

/** The rule about the second iteration. */
export const BODY_ITERATED_TWICE: Rule<CheckedCall> = {
  code: "ERR_TSGI_BODY_ITERATED_TWICE",
  text: "The server must iterate over the body at most once",
  check: (exchange) => (exchange.isIterated ? "a second iteration was begun" : null),
};

/** The rule about iteration after close. */
export const BODY_AFTER_CLOSE: Rule<CheckedCall> = {
  code: "ERR_TSGI_BODY_AFTER_CLOSE",
  text: "The server must not ask the body for a chunk after it has called `close`",
  check: (exchange) => (exchange.closeCalls > 0 ? "the body is closed" : null),
};

/**
 * Gives the body that the server sees.
 *
 * @throws ContractViolation when it is none, or when an array does not hold what it should; the original is then closed
 */
export function guardBody(body: WSGIBody, exchange: CheckedCall): WSGIBody {
  try {
    for (const rule of [BODY_STRING, BODY_BYTES, BODY_TYPE, CLOSE_FUNCTION]) enforce(rule, body);
    const guarded = guardIterable(body, exchange);
    watchForClose(guarded, exchange);
    return guarded;
  } catch (error) {
    const closed = closeOnce(body, exchange);
    if (closed instanceof Promise) closed.catch(() => undefined); // the first error is the one to report
    throw error;
  }
}

function guardIterable(body: WSGIBody, exchange: CheckedCall): WSGIBody {
  const close = (): void | Promise<void> => closeOnce(body, exchange);
  if (Array.isArray(body)) return Object.assign(checkedArray(body as unknown[], exchange), { close });
  if (isIterable(body)) {
    return {
      [Symbol.iterator]: () =>
        checkedIterator(
          begin(exchange, () => body[Symbol.iterator]()),
          exchange,
        ),
      close,
    };
  }
  return {
    [Symbol.asyncIterator]: () =>
      checkedAsyncIterator(
        begin(exchange, () => body[Symbol.asyncIterator]()),
        exchange,
      ),
    close,
  };
}

/** An array is complete when it is returned, so it is checked as a whole; reading it twice does no harm. */
function checkedArray(chunks: readonly unknown[], exchange: CheckedCall): Bytes[] {
  const checked = Array.from(chunks, (chunk) => checkChunk(chunk, exchange));
  checkEnd(exchange);
  exchange.isIterated = true;
  return checked;
}

function begin<Iterating>(exchange: CheckedCall, iterate: () => Iterating): Iterating {
  enforce(BODY_AFTER_CLOSE, exchange);
  enforce(BODY_ITERATED_TWICE, exchange);
  exchange.isIterated = true; // before the application's code runs, which may no longer write()
  return iterate();
}

function checkedIterator(iterator: Iterator<unknown>, exchange: CheckedCall): IterableIterator<Bytes> {
  return {
    next() {
      enforce(BODY_AFTER_CLOSE, exchange);
      return checkResult(iterator.next(), exchange);
    },
    return() {
      iterator.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.iterator]() {
      return this;
    },
  };
}

function checkedAsyncIterator(iterator: AsyncIterator<unknown>, exchange: CheckedCall): AsyncIterableIterator<Bytes> {
  return {
    async next() {
      enforce(BODY_AFTER_CLOSE, exchange);
      return checkResult(await iterator.next(), exchange);
    },
    async return() {
      await iterator.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function checkResult(result: IteratorResult<unknown>, exchange: CheckedCall): IteratorResult<Bytes> {
  if (result.done !== true) return { done: false, value: checkChunk(result.value, exchange) };
  checkEnd(exchange);
  return { done: true, value: undefined };
}

function checkChunk(chunk: unknown, exchange: CheckedCall): Bytes {
  enforce(CHUNK_TYPE, chunk);
  enforce(NO_START_RESPONSE, exchange);
  const bytes = chunk as Bytes; // the rule above
  countChunk(exchange, bytes);
  return bytes;
}

function checkEnd(exchange: CheckedCall): void {
  exchange.isExhausted = true;
  enforce(NO_START_RESPONSE, exchange);
  // A body that was closed early, because the client left, need not be complete.
  if (exchange.closeCalls === 0) enforce(BODY_TOO_SHORT, exchange);
}

function isIterable(body: unknown): body is Iterable<unknown> {
  return typeof body === "object" && body !== null && Symbol.iterator in body;
}

function isAsyncIterable(body: unknown): body is AsyncIterable<unknown> {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}

/** Section of SPEC.md. */
export const BODY_SECTION: RuleSection = {
  title: "The body",
  introduction:
    "The body is an iterable or async iterable of bytes. A server sends each chunk before it asks for the next one, and asks only " +
    "when there is room. An application that computes its chunks on demand therefore never fills memory. Chunks may be empty. A " +
    "body that is both iterable and async iterable is iterated synchronously.",
  rules: [
    BODY_STRING,
    BODY_BYTES,
    BODY_TYPE,
    CHUNK_TYPE,
    NO_START_RESPONSE,
    BODY_UNWANTED,
    BODY_TOO_LONG,
    BODY_TOO_SHORT,
    BODY_ITERATED_TWICE,
    BODY_AFTER_CLOSE,
  ],
};
