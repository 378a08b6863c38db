// Joins the bytes of a part that come in many pieces. Each byte is copied into one buffer that doubles: as a list, pieces of one byte would
// take a hundred times their size.

/** Bytes that come in pieces. */
export class ByteCollector {
  #buffer: Buffer | null = null;
  /** Number of bytes. */
  size = 0;

  /** Adds a piece; the first one is kept as it is, and is not copied if it stays the only one. */
  add(piece: Uint8Array): void {
    const size = this.size + piece.length;
    if (this.#buffer === null) {
      this.#buffer = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
      this.#isOwn = false;
    } else {
      if (!this.#isOwn || size > this.#buffer.length) this.#grow(size);
      this.#buffer.set(piece, this.size);
    }
    this.size = size;
  }

  /** Takes all bytes out. */
  take(): Buffer {
    const bytes = this.#buffer?.subarray(0, this.size) ?? Buffer.alloc(0);
    this.#buffer = null;
    this.size = 0;
    return bytes;
  }

  #isOwn = false;

  #grow(size: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(256, 2 * size));
    if (this.#buffer !== null) grown.set(this.#buffer.subarray(0, this.size));
    this.#buffer = grown;
    this.#isOwn = true;
  }
}
