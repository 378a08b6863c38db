// Collects small pieces of text until they are worth sending.

/** Characters that are collected. */
const PIECE = 64 * 1024;

/** Collects pieces. */
export class PieceBuffer {
  #pieces: string[] = [];
  #length = 0;

  /** Whether it is time to take them. */
  get isFull(): boolean {
    return this.#length >= PIECE;
  }

  add(piece: string): void {
    this.#pieces.push(piece);
    this.#length += piece.length;
  }

  /** Returns all of them as one text, and forgets them. */
  take(): string {
    const text = this.#pieces.join("");
    this.#pieces = [];
    this.#length = 0;
    return text;
  }
}
