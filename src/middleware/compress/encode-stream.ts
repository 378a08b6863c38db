// Sends chunks through a stream of zlib. What was taken in is given out as soon as the source has nothing more to give, so that
// server-sent events arrive one by one, while a source that is quick is compressed in large blocks.
// Source: PEP 3333, "Middleware Handling of Block Boundaries" (no chunk may be held back while the application waits).
import { once } from "node:events";
import type { Bytes } from "../../wsgi/types.ts";
import type { Coder, CodingStream } from "./coders.ts";

/**
 * Encodes chunks. Leaving the iteration early destroys the stream and leaves the source.
 *
 * @param chunks - the source
 * @param maker - makes the stream
 */
export async function* encodeStream(chunks: AsyncIterable<Bytes>, maker: Coder): AsyncGenerator<Bytes> {
  const source = chunks[Symbol.asyncIterator]();
  const coder = maker.stream(); // not before somebody iterates, since it holds memory outside of the heap
  feed(source, coder).catch((error: unknown) => coder.destroy(error as Error));
  try {
    yield* coder as AsyncIterable<Bytes>;
  } finally {
    coder.destroy();
    // A source that is busy notices when it has its next chunk; nobody waits for that.
    source.return?.()?.then(undefined, () => undefined);
  }
}

async function feed(source: AsyncIterator<Bytes>, coder: CodingStream): Promise<void> {
  let next = source.next();
  for (;;) {
    const { done, value } = await next;
    if (coder.destroyed) return;
    if (done === true) {
      coder.end();
      return;
    }
    if (value.length > 0 && !coder.write(value)) await Promise.race([once(coder, "drain"), once(coder, "close")]);
    if (coder.destroyed) return;
    next = source.next();
    next.catch(() => undefined); // the loop above hears of it
    if (!(await isSettledSoon(next))) coder.flush();
  }
}

/** Tells whether a promise settles before the event loop turns. */
function isSettledSoon(promise: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setImmediate(() => resolve(false));
    const settled = (): void => {
      clearImmediate(timer);
      resolve(true);
    };
    promise.then(settled, settled);
  });
}
