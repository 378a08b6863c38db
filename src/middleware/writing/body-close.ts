// close() of bodies that middleware wraps. Source: PEP 3333, "Specification Details" (the paragraph on close()).
import { isPromise } from "../../wsgi/is-promise.ts";
import type { Bytes, WSGIBody } from "../../wsgi/types.ts";

/** What `close` of a body is. */
export type Close = () => void | Promise<void>;

/**
 * Wraps a body and calls back when it is closed, after it has closed the inner body.
 *
 * @param body - of the application; an array is copied, since the application may own it for longer than the request
 * @param onClose - called once, also when `close` of the body fails
 */
export function withClose(body: WSGIBody, onClose: () => void): WSGIBody {
  return withOwnClose(body, () => {
    let result: void | Promise<void> = undefined;
    try {
      result = body.close?.();
    } finally {
      if (!isPromise(result)) onClose();
    }
    return isPromise(result) ? result.finally(onClose) : result;
  });
}

/** Gives a new body with the chunks of another; an array stays one. */
export function withOwnClose(body: WSGIBody, close: Close): WSGIBody {
  if (Array.isArray(body)) return Object.assign([...(body as Bytes[])], { close });
  if (Symbol.iterator in body) return { [Symbol.iterator]: () => body[Symbol.iterator](), close };
  return { [Symbol.asyncIterator]: () => body[Symbol.asyncIterator](), close };
}

/** Gives new chunks the `close` of the body from which they were made; none when it has none. */
export function closedWith<Body extends WSGIBody>(chunks: Body, inner: WSGIBody): Body {
  return typeof inner.close === "function" ? Object.assign(chunks, { close: () => inner.close?.() }) : chunks;
}

/** Closes a body that the server never gets, because of an error: the error is what counts, so another one from `close` is lost. */
export function closeAfterError(body: WSGIBody): void {
  try {
    const result = body?.close?.();
    if (isPromise(result)) result.catch(() => undefined);
  } catch {
    // The first error is the one to report.
  }
}
