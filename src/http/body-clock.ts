// The time that a request's body may take. It runs only while the application waits for bytes: a client is not to blame for an
// application that does not read.
import type { Limits } from "./limits.ts";

/** A body's average speed is judged after this time of waiting for it. */
const RATE_GRACE_SECONDS = 10;

/** Measures the waiting for one body. */
export class BodyClock {
  #waitedSeconds = 0;
  /** When the present wait began, in seconds; 0 while nobody waits. */
  #waitStart = 0;
  #bytesAtStart = 0;

  /**
   * The application waits.
   *
   * @param now - in seconds, greater than 0
   * @param bytes - received so far
   */
  start(now: number, bytes: number): void {
    this.#waitStart = now;
    this.#bytesAtStart = bytes;
  }

  /** Bytes have come. */
  stop(now: number): void {
    if (this.#waitStart === 0) return;
    this.#waitedSeconds += now - this.#waitStart;
    this.#waitStart = 0;
  }

  /**
   * Whether the client has been silent for too long, or too slow on average.
   *
   * @param now - in seconds
   * @param bytes - received so far
   */
  isOverdue(now: number, bytes: number, limits: Limits): boolean {
    if (this.#waitStart === 0) return false;
    const waited = now - this.#waitStart;
    const total = this.#waitedSeconds + waited;
    const isSilent = waited > limits.bodyTimeoutSeconds && bytes === this.#bytesAtStart;
    return isSilent || (total > RATE_GRACE_SECONDS && bytes < total * limits.minBodyBytesPerSecond);
  }
}
