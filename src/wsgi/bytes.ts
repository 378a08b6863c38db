// Bytes as Node's Buffer where there is one, and as plain Uint8Arrays in runtimes of the web, which have none.
import type { Bytes } from "./types.ts";

const HAS_BUFFER = typeof Buffer === "function";

/** No bytes. */
export const NO_BYTES: Bytes = HAS_BUFFER ? Buffer.alloc(0) : new Uint8Array(0);

/** Gives the same bytes as the kind that this runtime has. */
export function viewBytes(bytes: Uint8Array): Bytes {
  if (!HAS_BUFFER || Buffer.isBuffer(bytes)) return bytes;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Makes room for bytes, in memory of its own; it must be filled. */
export function allocateBytes(length: number): Bytes {
  return HAS_BUFFER ? Buffer.allocUnsafeSlow(length) : new Uint8Array(length);
}

/**
 * Joins chunks.
 *
 * @param length - of all of them
 */
export function concatBytes(chunks: readonly Bytes[], length: number): Bytes {
  if (HAS_BUFFER) return Buffer.concat(chunks, length);
  const joined = new Uint8Array(length);
  let filled = 0;
  for (const chunk of chunks) {
    joined.set(chunk, filled);
    filled += chunk.length;
  }
  return joined;
}
