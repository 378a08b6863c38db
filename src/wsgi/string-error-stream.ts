// `wsgi.errors` that keeps what is written: for tests, as Python's tests use io.StringIO.
import type { ErrorStream } from "./types.ts";

/** Collects what an application reports. */
export class StringErrorStream implements ErrorStream {
  #text = "";

  /** All that was written so far. */
  get text(): string {
    return this.#text;
  }

  write(text: string): void {
    this.#text += text;
  }

  writelines(lines: Iterable<string>): void {
    for (const line of lines) this.write(line);
  }

  /** Nothing is held back, so there is nothing to do. */
  flush(): void {}
}
