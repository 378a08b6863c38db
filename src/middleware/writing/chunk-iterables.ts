// Iterables over the chunks of a body: mapped, or picked up after their first chunk. An iterator that is left early is told so, one that
// has ended or thrown is not; the readers here are generators, so that the language sees to it.
// Source: ECMAScript, "Iteration"; PEP 3333 "Middleware Handling of Block Boundaries" (one chunk in, at most one out, at once).
import type { Bytes, WSGIBody } from "../../wsgi/types.ts";
import { closeAfterError } from "./body-close.ts";
import { isPromise } from "../../wsgi/is-promise.ts";

/** Maps each chunk, and adds what `end` gives after the last. */
export function* mappedIterable(
  chunks: Iterable<Bytes>,
  map: (chunk: Bytes) => Bytes,
  end: () => Bytes | void,
): Generator<Bytes> {
  for (const chunk of chunks) yield map(chunk);
  const last = end();
  if (last !== undefined) yield last;
}

/** As {@link mappedIterable}, for chunks that come later. */
export async function* mappedAsyncIterable(
  chunks: AsyncIterable<Bytes>,
  map: (chunk: Bytes) => Bytes,
  end: () => Bytes | void,
): AsyncGenerator<Bytes> {
  for await (const chunk of chunks) yield map(chunk);
  const last = end();
  if (last !== undefined) yield last;
}

/** The chunks of any body, for a reader that waits anyway. */
export async function* asyncChunks(body: WSGIBody): AsyncGenerator<Bytes> {
  // Node 24 tells a synchronous iterator that has thrown to return, where `yield*` or `for await` of an async generator reads it.
  if (Symbol.asyncIterator in body) yield* body;
  else for (const chunk of body) yield chunk;
}

/** Asks a body for its first chunk, and gives one that goes on from there; a body that throws is closed. */
export async function openedBody(body: WSGIBody): Promise<WSGIBody> {
  try {
    if (Symbol.asyncIterator in body) {
      const iterator = body[Symbol.asyncIterator]();
      return resumedAsyncBody(iterator, await iterator.next(), body);
    }
    const iterator = body[Symbol.iterator]();
    return resumedBody(iterator, iterator.next(), body);
  } catch (error) {
    closeAfterError(body);
    throw error;
  }
}

/** A body whose first chunk was already asked for; `close` also ends an iteration that nobody has taken up. */
export function resumedBody(iterator: Iterator<Bytes>, first: IteratorResult<Bytes>, inner: WSGIBody): WSGIBody {
  let pending: IteratorResult<Bytes> | null = first;
  const resumed: IterableIterator<Bytes> = {
    next() {
      const result = pending ?? iterator.next();
      pending = null;
      return result;
    },
    return() {
      pending = null;
      iterator.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.iterator]: () => resumed,
  };
  return Object.assign(resumed, {
    close() {
      if (pending !== null && pending.done !== true) iterator.return?.();
      return inner.close?.();
    },
  });
}

/** As {@link resumedBody}, for chunks that come later. */
export function resumedAsyncBody(
  iterator: AsyncIterator<Bytes>,
  first: IteratorResult<Bytes>,
  inner: WSGIBody,
): WSGIBody {
  let pending: IteratorResult<Bytes> | null = first;
  const resumed: AsyncIterableIterator<Bytes> = {
    next() {
      const result = pending;
      pending = null;
      return result === null ? iterator.next() : Promise.resolve(result);
    },
    async return() {
      pending = null;
      await iterator.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => resumed,
  };
  return Object.assign(resumed, {
    close(): void | Promise<void> {
      const left = pending !== null && pending.done !== true ? iterator.return?.() : undefined;
      return isPromise(left) ? left.then(() => inner.close?.()) : inner.close?.();
    },
  });
}
