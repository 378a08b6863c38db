// @ts-check
// What every server of the TypeScript suite answers, so that all send the same bytes.

/** The answer to GET /hello. */
export const HELLO = "Hello, World!";

/** The answer to GET /10k. */
export const TEN_KILOBYTES = Buffer.alloc(10 * 1024, "The quick brown fox jumps over the lazy dog. ");

/** One of the chunks that GET /stream sends. */
export const CHUNK = Buffer.alloc(64 * 1024, "0123456789abcdef");

/** How many chunks make the megabyte. */
export const CHUNKS = 16;

/** Yields the chunks of the streamed megabyte. */
export function* megabyte() {
  for (let sent = 0; sent < CHUNKS; sent += 1) yield CHUNK;
}

/**
 * Yields a download of any size.
 *
 * @param {number} bytes how many
 * @returns {Generator<Buffer>} chunks, the last one shorter if need be
 */
export function* download(bytes) {
  for (let left = bytes; left > 0; left -= CHUNK.length) yield left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK;
}
