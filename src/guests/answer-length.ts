// Checks the length of a response body against its Content-Length, before middleware removes that header.
import { wrongLength } from "../http/errors.ts";
import type { Bytes } from "../wsgi/types.ts";

/** Counts the bytes of a body. */
export class AnswerLength {
  readonly #announced: number;
  #seen = 0;

  /** @param announced - bytes; -1 if the body has no announced length */
  constructor(announced: number) {
    this.#announced = announced;
  }

  /** True if the body is complete; more bytes are not part of the response. */
  get isComplete(): boolean {
    return this.#announced !== -1 && this.#seen >= this.#announced;
  }

  /** Takes a chunk. @returns the part of it that belongs to the response, without any surplus */
  take(chunk: Bytes): Bytes {
    const kept = this.#announced === -1 ? chunk : chunk.subarray(0, Math.max(0, this.#announced - this.#seen));
    this.#seen += chunk.length;
    return kept;
  }

  /** The body has ended. @returns what is wrong with its length; null if it is right */
  problem(): Error | null {
    return this.#announced === -1 || this.#announced === this.#seen ? null : wrongLength(this.#announced, this.#seen);
  }
}
