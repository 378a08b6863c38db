// `wsgi.errors` over a function that writes text. Source: PEP 3333, "Input and Error Streams" (text mode, "\n" as the line ending).
import { nextTurn } from "./next-turn.ts";
import type { ErrorStream } from "./types.ts";

/** A line that grows longer than this (in UTF-16 units) is passed on before it is complete. */
const LONGEST_HELD = 8192;

/**
 * Passes on whole lines, so that lines of concurrent requests do not mix. An incomplete line waits for its end, for `flush()`, or for the
 * end of this turn of the event loop. Control characters are passed on unchanged: escape input from a client before you log it.
 */
export class WSGIErrorStream implements ErrorStream {
  readonly #write: (text: string) => void;
  #held = "";
  #isFlushPlanned = false;

  /** @param write - takes the text; the process's stderr by default */
  constructor(write: (text: string) => void = writeToStderr) {
    this.#write = write;
  }

  /** @param text - any number of lines, or a part of one */
  write(text: string): void {
    const end = text.lastIndexOf("\n") + 1;
    if (end > 0) {
      const lines = this.#held + text.slice(0, end);
      this.#held = text.slice(end);
      this.#write(lines);
    } else {
      this.#held += text;
    }
    if (this.#held.length > LONGEST_HELD) this.flush();
    else if (this.#held !== "") this.#planFlush();
  }

  /** @param lines - written one after another; no line ending is added */
  writelines(lines: Iterable<string>): void {
    this.write([...lines].join(""));
  }

  /** Also passes on an incomplete line. */
  flush(): void {
    const text = this.#held;
    if (text === "") return;
    this.#held = "";
    this.#write(text);
  }

  #planFlush(): void {
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    nextTurn(() => {
      this.#isFlushPlanned = false;
      this.flush();
    });
  }
}

function writeToStderr(text: string): void {
  process.stderr.write(text);
}
