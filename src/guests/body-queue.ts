// A body that one side writes and the other iterates: what a lane or a server's response is to a WSGI body. What is between is bounded:
// beyond the bound the writer waits.
import { ContractViolation } from "../wsgi/errors.ts";
import type { Bytes, WSGIBody } from "../wsgi/types.ts";

/** What a queue tells its writer. */
export interface BodyWriter {
  /** There is room again. */
  resume(): void;
  /** Nobody wants the rest. */
  abandon(): void;
}

/** Chunks of one body, in the order in which they came. */
export class BodyQueue implements AsyncIterableIterator<Bytes> {
  readonly #writer: BodyWriter;
  readonly #limitBytes: number;
  #chunks: Bytes[] = [];
  #heldBytes = 0;
  #isEnded = false;
  #isClosed = false;
  #error: unknown = null;
  #waiting: { resolve: (result: IteratorResult<Bytes, undefined>) => void; reject: (error: unknown) => void } | null =
    null;

  /**
   * @param writer - is told when there is room again, and when nobody wants the rest
   * @param limitBytes - bytes above which `isFull`; what a stream of Node reads at once is more
   */
  constructor(writer: BodyWriter, limitBytes = 65_535) {
    this.#writer = writer;
    this.#limitBytes = limitBytes;
  }

  /** The body: a list when all of it is there already, so that it can leave with the head. */
  get body(): WSGIBody {
    if (!this.#isEnded || this.#error !== null) return this;
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }

  /** True while the queue holds more than its limit. */
  get isFull(): boolean {
    return this.#heldBytes > this.#limitBytes;
  }

  /** Takes a chunk; after `end` and `close` it counts for nothing. @returns false when the writer should wait until it is resumed */
  push(chunk: Bytes): boolean {
    if (chunk.length === 0 || this.#isClosed || this.#isEnded) return true;
    const waiting = this.#waiting;
    if (waiting !== null) {
      this.#waiting = null;
      waiting.resolve({ done: false, value: chunk });
      return true;
    }
    this.#chunks.push(chunk);
    this.#heldBytes += chunk.length;
    return !this.isFull;
  }

  /** The body is complete. */
  end(): void {
    this.#isEnded = true;
    this.#waiting?.resolve({ done: true, value: undefined });
    this.#waiting = null;
  }

  /** The body breaks off; what came before it is still given out. */
  fail(error: unknown): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#error = error;
    this.#waiting?.reject(error);
    this.#waiting = null;
  }

  /** The next chunk. */
  next(): Promise<IteratorResult<Bytes, undefined>> {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      const wasFull = this.isFull;
      this.#heldBytes -= chunk.length;
      if (wasFull && !this.isFull) this.#writer.resume();
      return Promise.resolve({ done: false, value: chunk });
    }
    if (this.#error !== null) return Promise.reject(this.#error);
    if (this.#isEnded || this.#isClosed) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  /** Lets the rest go: the client has left, or wants no body. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#chunks = [];
    const wasFull = this.isFull;
    this.#heldBytes = 0;
    this.#waiting?.resolve({ done: true, value: undefined });
    this.#waiting = null;
    if (!this.#isEnded) this.#writer.abandon();
    if (wasFull) this.#writer.resume();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** An application of another interface has broken off its answer, or never given it. */
export function brokenOff(cause?: unknown): ContractViolation {
  return new ContractViolation(
    "ERR_TSGI_GUEST_BROKE_OFF",
    "The application closed its connection before the response was complete",
    cause === undefined || cause === null ? {} : { cause },
  );
}
