// The body of an answer that comes in several frames. The lane pushes, the gateway pulls; what is between is bounded, and beyond
// the bound the lane is not read any more: then the guest blocks in its write.
import type { Bytes } from "../../wsgi/types.ts";

/** What a body tells its lane. */
export interface ResponseBodyOwner {
  /** There is room again. */
  resume(): void;
  /** Nobody wants the rest. */
  abandon(): void;
}

/** Chunks of one answer, in the order in which they came. */
export class GuestResponseBody implements AsyncIterableIterator<Bytes> {
  readonly #owner: ResponseBodyOwner;
  readonly #limitBytes: number;
  #chunks: Bytes[] = [];
  #heldBytes = 0;
  #isOver = false;
  #isClosed = false;
  #error: unknown = null;
  #waiting: { resolve: (result: IteratorResult<Bytes, undefined>) => void; reject: (error: unknown) => void } | null =
    null;

  /**
   * @param owner - is told when there is room again, and when nobody wants the rest
   * @param limitBytes - bytes above which `isFull`
   */
  constructor(owner: ResponseBodyOwner, limitBytes: number) {
    this.#owner = owner;
    this.#limitBytes = limitBytes;
  }

  /** True while the buffer holds more than its limit. */
  get isFull(): boolean {
    return this.#heldBytes > this.#limitBytes;
  }

  /** Takes a chunk from the lane; nothing happens after `close`. */
  push(chunk: Bytes): void {
    if (chunk.length === 0 || this.#isClosed) return;
    const waiting = this.#waiting;
    if (waiting !== null) {
      this.#waiting = null;
      waiting.resolve({ done: false, value: chunk });
      return;
    }
    this.#chunks.push(chunk);
    this.#heldBytes += chunk.length;
  }

  /** The answer is complete. */
  end(): void {
    this.#isOver = true;
    this.#waiting?.resolve({ done: true, value: undefined });
    this.#waiting = null;
  }

  /** The answer breaks off; what came before it is still given out. */
  fail(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
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
      if (wasFull && !this.isFull) this.#owner.resume();
      return Promise.resolve({ done: false, value: chunk });
    }
    if (this.#error !== null) return Promise.reject(this.#error);
    if (this.#isOver || this.#isClosed) return Promise.resolve({ done: true, value: undefined });
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
    if (!this.#isOver) this.#owner.abandon();
    if (wasFull) this.#owner.resume();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
