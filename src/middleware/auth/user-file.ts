// A file of users, read when it is first needed and again when it has changed. While somebody writes it, or it cannot be read, what it said
// before goes on to count: nobody who is logged in gets 500 because of an edit.
import { readFile, stat } from "node:fs/promises";
import { MiddlewareOptionError } from "../errors.ts";

/** How often a file is looked at, in milliseconds. */
const LOOK_AGAIN_MILLISECONDS = 1000;

/** A file whose text means something. */
export class UserFile<Content> {
  readonly #path: string;
  readonly #parse: (text: string, source: string) => Content;
  readonly #now: () => number;
  #content: Content | null = null;
  #modified = -1;
  #lookAgainAt = 0;
  /** What was wrong at the last look; each fault is told once. */
  #fault: string | null = null;

  /**
   * @param path - of the file
   * @param parse - reads the text; the second argument names the file in errors
   * @param now - the clock, milliseconds
   */
  constructor(path: string, parse: (text: string, source: string) => Content, now: () => number) {
    this.#path = path;
    this.#parse = parse;
    this.#now = now;
  }

  /** @throws MiddlewareOptionError when the file could never be read, or what `parse` throws */
  async read(): Promise<Content> {
    const now = this.#now();
    if (this.#content !== null && now < this.#lookAgainAt) return this.#content;
    this.#lookAgainAt = now + LOOK_AGAIN_MILLISECONDS;
    try {
      const { mtimeMs } = await stat(this.#path);
      if (this.#content === null || mtimeMs !== this.#modified) {
        this.#content = this.#parse(await readFile(this.#path, "utf8"), this.#path);
        this.#modified = mtimeMs;
      }
      this.#fault = null;
      return this.#content;
    } catch (cause) {
      const error =
        cause instanceof MiddlewareOptionError
          ? cause
          : new MiddlewareOptionError(`Cannot read the users of "${this.#path}"; expected a file`, { cause });
      if (this.#content === null) throw error;
      this.#warn(error.message);
      return this.#content;
    }
  }

  #warn(fault: string): void {
    if (fault === this.#fault) return;
    this.#fault = fault;
    process.emitWarning(`${fault}. The last version that could be read stays in use`, { code: "TSGI_USER_FILE" });
  }
}

/**
 * Gives the lines of a file of users, trimmed and counted from 1; empty ones and those that start with `#` do not count.
 */
export function userLines(text: string): [line: string, number: number][] {
  return text
    .split("\n")
    .map((line, index): [string, number] => [line.trim(), index + 1])
    .filter(([line]) => line !== "" && !line.startsWith("#"));
}

/** Says what is wrong with a line. */
export function userLineError(source: string, number: number, what: string): MiddlewareOptionError {
  return new MiddlewareOptionError(`Cannot read line ${number} of "${source}"; ${what}`);
}
