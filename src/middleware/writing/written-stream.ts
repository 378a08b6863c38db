// A body that is changed as a stream although its application calls write(). What is written goes through the stream and leaves by the
// server's write while the application runs; once the application has returned its body, the rest leaves by iteration, since a
// server refuses write() from then on. Source: PEP 3333, "The write() Callable".
import type { Bytes, Write, WSGIBody } from "../../wsgi/types.ts";

/** A chunk that waits to be taken. */
interface Waiting {
  readonly chunk: Bytes;
  resolve(): void;
  reject(error: unknown): void;
}

/** What an application writes, on its way through a stream. */
export class WrittenStream {
  readonly #write: Write;
  readonly #output: AsyncIterator<Bytes>;
  readonly #waiting: Waiting[] = [];
  /** The body that follows what was written, once it is known. */
  #rest: WSGIBody | null = null;
  /** Wakes the source when there is something new. */
  #wake: (() => void) | null = null;
  /** The chunk of the output that was asked for and not yet sent. */
  #pending: Promise<IteratorResult<Bytes>> | null = null;
  #failure: { readonly error: unknown } | null = null;

  /**
   * @param stream - changes the chunks
   * @param write - of the server
   */
  constructor(stream: (chunks: AsyncIterable<Bytes>) => AsyncIterable<Bytes>, write: Write) {
    this.#write = write;
    this.#output = stream(this.#source())[Symbol.asyncIterator]();
    void this.#pump();
  }

  /** Takes a chunk from the application; the promise resolves when the stream has taken it. */
  write(chunk: Bytes): Promise<void> {
    if (this.#failure !== null) throw this.#failure.error;
    const taken = new Promise<void>((resolve, reject) => this.#waiting.push({ chunk, resolve, reject }));
    taken.catch(() => undefined); // an application need not look at what write() returns; the failure comes up again
    this.#wake?.();
    return taken;
  }

  /** Ends the writing: gives what is left, followed by the body, as a body for the server. */
  async *continueWith(body: WSGIBody): AsyncGenerator<Bytes> {
    this.#rest = body;
    this.#wake?.();
    try {
      for (;;) {
        if (this.#failure !== null) throw this.#failure.error;
        const { done, value } = await (this.#pending ?? this.#output.next());
        this.#pending = null;
        if (done === true) return;
        yield value;
      }
    } finally {
      await this.#output.return?.();
    }
  }

  /** Gives up what was written: the application has announced another response. */
  cancel(): void {
    this.#fail(new Error("The response was replaced"));
  }

  async *#source(): AsyncGenerator<Bytes> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next !== undefined) {
        next.resolve();
        yield next.chunk;
      } else if (this.#rest !== null) {
        yield* this.#rest;
        return;
      } else {
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    }
  }

  /** Sends what comes out of the stream, until the body has come. */
  async #pump(): Promise<void> {
    try {
      while (this.#rest === null && this.#failure === null) {
        this.#pending ??= this.#output.next();
        const { done, value } = await this.#pending;
        // The body has come meanwhile: what was asked for belongs to the iteration now.
        if (this.#rest !== null || this.#failure !== null || done === true) return;
        this.#pending = null;
        if (value.length > 0) await this.#write(value);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error);
  }
}
