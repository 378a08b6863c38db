// A file that is taken while it arrives.
import { TSGIError } from "../errors.ts";
import { ByteCollector } from "../protocols/multipart/byte-collector.ts";
import type { Headers } from "../wsgi/headers.ts";
import type { Bytes } from "../wsgi/types.ts";
import type { FileHead } from "./form-file.ts";
import { beyond } from "./limits.ts";

/** A file while it arrives, for `onFile`. You can read its bytes once. When `onFile` is done, the rest is skipped. */
export class StreamedPart implements FileHead {
  readonly name: string;
  readonly filename: string;
  readonly rawFilename: string;
  readonly type: string;
  readonly headers: Headers;
  readonly #pull: () => Promise<Bytes | null>;
  #isAtEnd = false;
  #isLeft = false;
  /** The last read; one after the other is served. */
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param head - of the file
   * @param pull - gives its next bytes, null at its end
   */
  constructor(head: FileHead, pull: () => Promise<Bytes | null>) {
    this.name = head.name;
    this.filename = head.filename;
    this.rawFilename = head.rawFilename;
    this.type = head.type;
    this.headers = head.headers;
    this.#pull = pull;
  }

  /**
   * Gives the bytes as they come.
   *
   * @throws FormError when the form is malformed or beyond a limit; what `wsgi.input` throws when the client leaves
   */
  async *stream(): AsyncGenerator<Bytes, void, undefined> {
    for (;;) {
      const bytes = await this.#read();
      if (bytes === null) return;
      yield bytes;
    }
  }

  /**
   * Reads what is left, as one piece.
   *
   * @param limit - most bytes
   * @throws FormError 413 beyond the limit, and what {@link stream} throws
   */
  async bytes(limit = Infinity): Promise<Buffer> {
    const collected = new ByteCollector();
    for await (const bytes of this.stream()) {
      collected.add(bytes);
      if (collected.size > limit) throw beyond(`${limit} bytes in the file "${this.name}"`);
    }
    return Buffer.from(collected.take());
  }

  /** Skips the rest. After that, reading it is an error. */
  async leave(): Promise<void> {
    this.#isLeft = true;
    await this.#last.catch(() => {});
    while (!this.#isAtEnd) await this.#next();
  }

  #read(): Promise<Bytes | null> {
    if (this.#isLeft) {
      const what = `Read the file "${this.name}" before "onFile" is done; await what you start in it`;
      throw new TSGIError("violation", "ERR_TSGI_FORM_CLOSED", what);
    }
    const read = this.#last.then(() => this.#next());
    this.#last = read;
    return read;
  }

  async #next(): Promise<Bytes | null> {
    if (this.#isAtEnd) return null;
    const bytes = await this.#pull();
    if (bytes === null) this.#isAtEnd = true;
    return bytes;
  }
}
