// Holds the body of an answer to the length that its head has announced, before middleware takes that length away.
import { wrongLength } from "../http/errors.ts";
import type { Bytes } from "../wsgi/types.ts";

/** Counts a body. */
export class AnswerLength {
  readonly #announced: number;
  #seen = 0;

  /** @param announced - bytes; -1 when the end of the answer is the end of its body */
  constructor(announced: number) {
    this.#announced = announced;
  }

  /** True when the rest, if any, is no part of the answer. */
  get isComplete(): boolean {
    return this.#announced !== -1 && this.#seen >= this.#announced;
  }

  /** Takes a chunk. @returns what of it belongs to the answer; a surplus does not */
  take(chunk: Bytes): Bytes {
    const kept = this.#announced === -1 ? chunk : chunk.subarray(0, Math.max(0, this.#announced - this.#seen));
    this.#seen += chunk.length;
    return kept;
  }

  /** The body is over. @returns what is wrong with its length; null when it is right */
  problem(): Error | null {
    return this.#announced === -1 || this.#announced === this.#seen ? null : wrongLength(this.#announced, this.#seen);
  }
}
