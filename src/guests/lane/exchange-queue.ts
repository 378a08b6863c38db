// The requests that wait for a lane: first come, first served. Whoever fills the queue bounds it.
import type { GuestExchange } from "./guest-exchange.ts";

/** A queue that can also take back what was dispatched too early. */
export class ExchangeQueue {
  /** Items before `#head` were taken and are cleared, so that finished requests can be collected. */
  #items: GuestExchange[] = [];
  #head = 0;

  /** Number of waiting requests. */
  get length(): number {
    return this.#items.length - this.#head;
  }

  /** Arrival of the first one, in milliseconds; Infinity if none waits. */
  get firstArrivedAt(): number {
    return this.#items[this.#head]?.arrivedAt ?? Infinity;
  }

  /** Adds one at the end. */
  push(exchange: GuestExchange): void {
    this.#items.push(exchange);
  }

  /** Puts requests that already had their turn back to the front. */
  putBack(exchanges: readonly GuestExchange[]): void {
    this.#items = [...exchanges, ...this.#items.slice(this.#head)];
    this.#head = 0;
  }

  /** Takes the first `count`. */
  take(count: number): GuestExchange[] {
    const end = Math.min(this.#items.length, this.#head + count);
    const taken = this.#items.slice(this.#head, end);
    this.#items.fill(undefined as unknown as GuestExchange, this.#head, end); // never read again
    this.#head = end;
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    } else if (this.#head > 1024) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return taken;
  }

  /** Removes and returns the requests that match. */
  remove(condition: (exchange: GuestExchange) => boolean): GuestExchange[] {
    const waiting = this.#items.slice(this.#head);
    const removed = waiting.filter(condition);
    if (removed.length > 0) {
      this.#items = waiting.filter((exchange) => !condition(exchange));
      this.#head = 0;
    }
    return removed;
  }
}
