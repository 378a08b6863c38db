// A body that one side writes and the other iterates: it connects a lane, or a server's response, to a WSGI body. The buffer is bounded:
// beyond the limit the writer waits.
import { ContractViolation } from "../wsgi/errors.ts";
import type { Bytes, WSGIBody } from "../wsgi/types.ts";

/** The messages of a queue to its writer. */
export interface BodyWriter {
  /** There is room again. */
  resume(): void;
  /** Nobody wants the rest. */
  abandon(): void;
}

/** The chunks of one body, in order. */
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
   * @param writer - notified when there is room again, and when nobody wants the rest
   * @param limitBytes - the queue `isFull` above this size; a Node stream may read more at once
   */
  constructor(writer: BodyWriter, limitBytes = 65_535) {
    this.#writer = writer;
    this.#limitBytes = limitBytes;
  }

  /** The body: a list if it is complete already, so that it can be sent together with the headers. */
  get body(): WSGIBody {
    if (!this.#isEnded || this.#error !== null) return this;
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }

  /** True when something is there to be read: a chunk, or the end. */
  get isReady(): boolean {
    return this.#chunks.length > 0 || this.#isEnded;
  }

  /** True while the queue is above its limit. */
  get isFull(): boolean {
    return this.#heldBytes > this.#limitBytes;
  }

  /** Adds a chunk; ignored after `end` and `close`. @returns false if the writer should wait until it is resumed */
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

  /** The body is cut off; the chunks before that are still delivered. */
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

  /** Drops the rest: the client has disconnected, or wants no body. */
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

/** An application of another interface cut off its response, or never sent one. */
export function brokenOff(cause?: unknown): ContractViolation {
  return new ContractViolation(
    "ERR_TSGI_GUEST_BROKE_OFF",
    "The application closed its connection before the response was complete",
    cause === undefined || cause === null ? {} : { cause },
  );
}
