// How deep arrays and objects are nested in a text that comes in pieces.
import { BACKSLASH, CLOSE_ARRAY, CLOSE_OBJECT, OPEN_ARRAY, OPEN_OBJECT, QUOTE } from "./characters.ts";

/** Reads pieces of one compact text, cut anywhere. */
export class DepthMeter {
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  /** The deepest so far; 0 for a scalar. */
  deepest = 0;

  write(piece: string): void {
    for (let at = 0; at < piece.length; at += 1) {
      const code = piece.charCodeAt(at);
      if (this.#isInString) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (code === BACKSLASH) this.#isEscaped = true;
        else if (code === QUOTE) this.#isInString = false;
      } else if (code === QUOTE) {
        this.#isInString = true;
      } else if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
        this.#depth += 1;
        this.deepest = Math.max(this.deepest, this.#depth);
      } else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) {
        this.#depth -= 1;
      }
    }
  }
}
