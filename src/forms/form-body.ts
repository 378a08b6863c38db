// The bytes of a form: never more than the client announced, nor than the limit.
import { EMPTY_INPUT, nextChunk } from "../wsgi/input-stream.ts";
import type { Bytes, InputStream, WSGIEnvironment } from "../wsgi/types.ts";
import { beyond } from "./limits.ts";
import { malformed } from "./urlencoded.ts";

const CHUNK_BYTES = 65_536;

/** The body of a request, within a limit. */
export class FormBody {
  readonly #input: InputStream;
  readonly #limit: number;
  /** Bytes that are still to come; null when the input ends by itself. */
  #left: number | null;
  #received = 0;
  /** How many bytes the client announced; undefined when it did not. */
  readonly announced: number | undefined;

  /**
   * @param environ - of the request
   * @param limit - most bytes
   * @throws FormError 413 when the client announces more
   */
  constructor(environ: WSGIEnvironment, limit: number) {
    this.#limit = limit;
    const length = environ.CONTENT_LENGTH;
    const isAnnounced = length !== undefined && /^\d+$/.test(length);
    this.announced = isAnnounced ? Number(length) : undefined;
    this.#left = isAnnounced ? Number(length) : environ["wsgi.input_terminated"] === true ? null : 0;
    this.#input = this.#left === 0 ? EMPTY_INPUT : environ["wsgi.input"];
    if (this.#left !== null && this.#left > limit) throw this.#tooLong();
  }

  /** True when it is known that nothing comes. */
  get isEmpty(): boolean {
    return this.#input === EMPTY_INPUT;
  }

  /**
   * Reads the next chunk.
   *
   * @param most - bytes that are wanted
   * @returns the bytes; empty at the end
   * @throws FormError 413 beyond the limit, 400 when the body ends before its announced length; what `wsgi.input` throws
   */
  async next(most = CHUNK_BYTES): Promise<Bytes> {
    const chunk = await nextChunk(this.#input, Math.min(this.#left ?? most, most));
    this.#received += chunk.length;
    if (this.#received > this.#limit) throw this.#tooLong();
    if (this.#left !== null) {
      if (chunk.length === 0 && this.#left > 0) {
        throw malformed(`Expected ${this.#left} more bytes of the form, got its end`);
      }
      this.#left -= chunk.length;
    }
    return chunk;
  }

  /**
   * Reads all of a short body.
   *
   * @param most - bytes, beside the limit of every body
   * @param what - says in the error what was too long
   * @throws FormError as {@link next}
   */
  async whole(most: number, what: string): Promise<Buffer> {
    if (this.#left !== null && this.#left > most) throw beyond(what);
    const chunks: Bytes[] = [];
    for (;;) {
      const chunk = await this.next();
      if (chunk.length === 0) break;
      if (this.#received > most) throw beyond(what);
      chunks.push(chunk);
    }
    const [first] = chunks;
    return chunks.length === 1 && Buffer.isBuffer(first) ? first : Buffer.concat(chunks, this.#received);
  }

  /** Reads the rest and drops it. @throws as {@link next} */
  async skip(): Promise<void> {
    while ((await this.next()).length > 0);
  }

  #tooLong(): Error {
    return beyond(`${this.#limit} bytes`);
  }
}
