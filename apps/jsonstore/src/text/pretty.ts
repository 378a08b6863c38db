// Writes compact text over several lines, four spaces for each level. The text may come in pieces, cut anywhere.
import { BACKSLASH, CLOSE_ARRAY, CLOSE_OBJECT, COLON, COMMA, OPEN_ARRAY, OPEN_OBJECT, QUOTE } from "./characters.ts";

const INDENT = "    ";

/** Returns the readable form of a compact text, with a line end. */
export function pretty(text: string): string {
  const printer = new PrettyPrinter();
  return printer.write(text) + printer.end();
}

/** Reads pieces of one compact text and gives their readable form. */
export class PrettyPrinter {
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  /** An array or object was opened, and nothing is in it yet. */
  #isOpening = false;

  write(piece: string): string {
    let out = "";
    let runStart = 0;
    for (let at = 0; at < piece.length; at += 1) {
      const code = piece.charCodeAt(at);
      if (this.#isInString) {
        this.#inString(code);
        continue;
      }
      const isClosing = code === CLOSE_ARRAY || code === CLOSE_OBJECT;
      if (this.#isOpening && !isClosing) {
        out += piece.slice(runStart, at) + this.#line();
        runStart = at;
      }
      const wasOpening = this.#isOpening;
      this.#isOpening = false;
      if (code === QUOTE) {
        this.#isInString = true;
      } else if (code === OPEN_ARRAY || code === OPEN_OBJECT) {
        this.#depth += 1;
        this.#isOpening = true;
      } else if (isClosing) {
        this.#depth -= 1;
        if (!wasOpening) {
          out += piece.slice(runStart, at) + this.#line();
          runStart = at;
        }
      } else if (code === COMMA || code === COLON) {
        out += piece.slice(runStart, at + 1) + (code === COMMA ? this.#line() : " ");
        runStart = at + 1;
      }
    }
    return out + piece.slice(runStart);
  }

  /** What comes after the last piece. */
  end(): string {
    return "\n";
  }

  #inString(code: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (code === BACKSLASH) this.#isEscaped = true;
    else if (code === QUOTE) this.#isInString = false;
  }

  #line(): string {
    return `\n${INDENT.repeat(this.#depth)}`;
  }
}
