// Whether the body of a request comes in pieces.

import type { Bytes } from "../wsgi/types.ts";

/** True when the content has no known length. */
export function isStreamed(content: Bytes | AsyncIterable<Bytes> | null): content is AsyncIterable<Bytes> {
  return content !== null && !(content instanceof Uint8Array);
}
