// `wsgi.errors` that keeps what is written: for tests, as Python's tests use io.StringIO.
import type { ErrorStream } from "./types.ts";

/** Collects the error messages of an application. */
export class StringErrorStream implements ErrorStream {
  #text = "";

  /** Everything that was written so far. */
  get text(): string {
    return this.#text;
  }

  write(text: string): void {
    this.#text += text;
  }

  writelines(lines: Iterable<string>): void {
    for (const line of lines) this.write(line);
  }

  /** Does nothing, because nothing is buffered. */
  flush(): void {}
}
