// A body that is written by one side and iterated by the other: what a server's response is to a WSGI body.
import { ContractViolation } from "../wsgi/errors.ts";
import type { Bytes, WSGIBody } from "../wsgi/types.ts";

/** Bytes that may wait before the writer is asked to pause. */
const HIGH_WATER = 65_536;

/** What hears how its reader goes on. */
export interface BodyQueueListener {
  /** There is room again. */
  drained(): void;
  /** Nobody reads any more; told once, also after the end. */
  closed(): void;
}

/** A queue of chunks that is a WSGI body. */
export class BodyQueue implements AsyncIterableIterator<Bytes> {
  readonly #listener: BodyQueueListener;
  #chunks: Bytes[] = [];
  #bytes = 0;
  #isEnded = false;
  #isClosed = false;
  #error: Error | null = null;
  #waiting: { resolve: (result: IteratorResult<Bytes, undefined>) => void; reject: (error: Error) => void } | null =
    null;

  constructor(listener: BodyQueueListener) {
    this.#listener = listener;
  }

  /** The body: a list when all of it is there already, so that it can leave with the head. */
  get body(): WSGIBody {
    if (!this.#isEnded || this.#error !== null) return this;
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Adds a chunk. @returns false when the writer should wait for `drained` */
  push(chunk: Bytes): boolean {
    if (this.#isClosed || this.#isEnded || chunk.length === 0) return true;
    const waiting = this.#waiting;
    if (waiting !== null) {
      this.#waiting = null;
      waiting.resolve({ done: false, value: chunk });
      return true;
    }
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    return this.#bytes < HIGH_WATER;
  }

  end(): void {
    this.#isEnded = true;
    this.#waiting?.resolve({ done: true, value: undefined });
    this.#waiting = null;
  }

  /** The rest will not come: the reader gets the error behind what is here. */
  fail(error: Error): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#error = error;
    this.#waiting?.reject(error);
    this.#waiting = null;
  }

  async next(): Promise<IteratorResult<Bytes, undefined>> {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      const wasFull = this.#bytes >= HIGH_WATER;
      this.#bytes -= chunk.length;
      if (wasFull && this.#bytes < HIGH_WATER) this.#listener.drained();
      return { done: false, value: chunk };
    }
    if (this.#error !== null) throw this.#error;
    if (this.#isEnded) return { done: true, value: undefined };
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#chunks = [];
    this.#waiting?.resolve({ done: true, value: undefined });
    this.#waiting = null;
    this.#listener.closed();
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
