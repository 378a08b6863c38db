// The body of one request between the socket and the application: a small queue with back-pressure.
// The application pulls; while it does not, at most HIGH_WATER bytes (and one socket read) wait here and the socket is paused.
import { ClientDisconnected } from "./errors.ts";

/** Bytes that may wait here before the socket is paused. */
const HIGH_WATER = 65_536;
/** Chunks that may wait: a body of one-byte chunks must not become an object for each byte. */
const MAX_CHUNKS = 1024;

/** What the connection wants to know of the reader. */
export interface RequestBodyOwner {
  /** The application is waiting for body bytes: read more from the client, and send 100 Continue the first time. */
  wanted(): void;
}

/** A request body, pulled chunk by chunk. */
export class RequestBody {
  readonly #owner: RequestBodyOwner;
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  #isComplete = false;
  #isDiscarded = false;
  #error: Error | null = null;
  #waiting: { resolve: (chunk: Buffer | null) => void; reject: (error: Error) => void } | null = null;
  /** Bytes received so far. */
  bytes = 0;

  constructor(owner: RequestBodyOwner) {
    this.#owner = owner;
  }

  /** True when the last byte has arrived, even if it was not read yet. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** True while the application waits for bytes. */
  get isWaiting(): boolean {
    return this.#waiting !== null;
  }

  /** True when the socket should be paused. */
  get isFull(): boolean {
    return this.#queuedBytes >= HIGH_WATER || this.#queue.length >= MAX_CHUNKS;
  }

  /**
   * Takes the next chunk.
   *
   * @returns bytes, or null at the end; a promise when they have yet to arrive. One pull at a time.
   * @throws ProtocolError or ClientDisconnected when the body cannot be had whole
   */
  pull(): Buffer | null | Promise<Buffer | null> {
    const chunk = this.#queue.shift();
    if (chunk !== undefined) {
      this.#queuedBytes -= chunk.length;
      if (!this.#isComplete && !this.isFull) this.#owner.wanted();
      return chunk;
    }
    if (this.#error !== null) throw this.#error;
    if (this.#isComplete) return null;
    if (this.#isDiscarded) throw tooLate();
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#owner.wanted();
    });
  }

  /** Adds received bytes. */
  push(chunk: Buffer): void {
    this.bytes += chunk.length;
    const waiting = this.#waiting;
    if (waiting !== null) {
      this.#waiting = null;
      waiting.resolve(chunk);
      return;
    }
    this.#queue.push(chunk);
    this.#queuedBytes += chunk.length;
  }

  /** The body is complete. */
  end(): void {
    this.#isComplete = true;
    this.#waiting?.resolve(null);
    this.#waiting = null;
  }

  /** The body will never be complete: after everything that has arrived, the reader gets the error. */
  fail(error: Error): void {
    if (this.#isComplete || this.#error !== null) return;
    this.#error = error;
    this.#waiting?.reject(error);
    this.#waiting = null;
  }

  /** The response is complete: drop unread bytes. A late reader gets an error, which is created only then. */
  discard(): void {
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#isDiscarded = true;
    if (this.#waiting !== null) this.fail(tooLate());
  }
}

function tooLate(): ClientDisconnected {
  return new ClientDisconnected("The application read the request body after the response was complete");
}
