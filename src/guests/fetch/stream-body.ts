// The stream of a Response as a WSGI body.
import { ClientDisconnected } from "../../http/errors.ts";
import { NO_BYTES } from "../../wsgi/bytes.ts";
import { nextTurn } from "../../wsgi/next-turn.ts";
import type { Bytes, Write, WSGIBody, WSGIEnvironment } from "../../wsgi/types.ts";

/**
 * How long a stream may be silent once its client has left, in milliseconds. A client that has closed only its sending side looks the same,
 * and gets what goes on coming.
 */
const SILENT_MILLISECONDS = 1000;

type Read = ReturnType<ReadableStreamDefaultReader<unknown>["read"]>;

/**
 * Reads a stream as fast as the client takes it. If the client disconnects, the stream is cancelled, even while a read is pending: Hono's
 * `onAbort` and the sources of events wait for that.
 */
export class StreamBody implements AsyncIterableIterator<Bytes> {
  readonly #reader: ReadableStreamDefaultReader<unknown>;
  readonly #environ: WSGIEnvironment;
  /** Chunks that have come before the first was asked for. */
  readonly #ahead: Bytes[] = [];
  /** The read that was begun before it was asked for. */
  #begun: Read | null = null;
  #isReading = false;
  #reads = 0;
  #isWatching = false;
  #hasLeft = false;
  #timer: NodeJS.Timeout | undefined;

  /** @throws TypeError when the stream is locked */
  constructor(stream: ReadableStream<unknown>, environ: WSGIEnvironment) {
    this.#reader = stream.getReader();
    this.#environ = environ;
  }

  /**
   * Reads its beginning. Where it has nothing yet, the head goes ahead: an EventSource waits for it.
   *
   * @param write - sends the head
   * @param most - chunks that are read before the first one is sent
   * @returns itself, or a list when all of it is there at once, so that it is sent with its length
   */
  async begun(write: Write, most: number): Promise<WSGIBody> {
    this.#begun = this.#reader.read();
    try {
      while (this.#begun !== null) {
        const result = await Promise.race([this.#begun, turnOver()]);
        if (result === undefined) break;
        if (result.done) return this.#ahead;
        this.#ahead.push(bytesOf(result.value));
        // What is asked for here is also waited for: a failure that nobody waits for would end the process.
        this.#begun = this.#ahead.length < most ? this.#reader.read() : null;
      }
      if (this.#ahead.length === 0) void write(NO_BYTES);
    } catch (error) {
      // What has come before it is sent first.
      if (this.#ahead.length === 0) {
        this.close();
        throw error;
      }
    }
    return this;
  }

  async next(): Promise<IteratorResult<Bytes, undefined>> {
    const chunk = this.#ahead.shift();
    if (chunk !== undefined) return { done: false, value: chunk };
    this.#watch();
    this.#isReading = true;
    const { done, value } = await (this.#begun ?? this.#reader.read());
    this.#isReading = false;
    this.#begun = null;
    this.#reads += 1;
    if (this.#hasLeft) throw new ClientDisconnected("The client left while the stream was silent");
    return done ? { done, value: undefined } : { done: false, value: bytesOf(value) };
  }

  /** Cancels the stream. */
  close(): void {
    clearTimeout(this.#timer);
    if (this.#isWatching) this.#environ["tsgi.signal"]?.removeEventListener("abort", this.#left);
    this.#reader.cancel().catch(() => {});
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** A whole answer needs no signal, which costs more than the rest of it. */
  #watch(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    const signal = this.#environ["tsgi.signal"];
    if (signal?.aborted === true) this.#left();
    else signal?.addEventListener("abort", this.#left);
  }

  readonly #left = (): void => {
    const reads = this.#reads;
    this.#timer = setTimeout(() => {
      this.#hasLeft = this.#isReading && this.#reads === reads;
      if (this.#hasLeft) this.close();
      else this.#left();
    }, SILENT_MILLISECONDS);
  };
}

function turnOver(): Promise<undefined> {
  return new Promise((resolve) => {
    nextTurn(() => resolve(undefined));
  });
}

/** The standard wants bytes; what serves such handlers on Node and Bun takes texts, too. */
function bytesOf(chunk: unknown): Bytes {
  return typeof chunk === "string" ? Buffer.from(chunk) : (chunk as Bytes); // whoever sends it checks it
}
