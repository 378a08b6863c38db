// The requests that wait for a lane: first come, first served, bounded by who fills it.
import type { GuestExchange } from "./guest-exchange.ts";

/** A queue that can also take back what was dispatched too early. */
export class ExchangeQueue {
  /** Those before `#head` have been taken, and their places emptied: what is over must not stay reachable. */
  #items: GuestExchange[] = [];
  #head = 0;

  /** How many wait. */
  get length(): number {
    return this.#items.length - this.#head;
  }

  /** When the first one came, in milliseconds; Infinity when none waits. */
  get firstArrivedAt(): number {
    return this.#items[this.#head]?.arrivedAt ?? Infinity;
  }

  /** Adds one at the end. */
  push(exchange: GuestExchange): void {
    this.#items.push(exchange);
  }

  /** Puts back, at the front, what had its turn already. */
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

  /** Takes out those that fulfil a condition. */
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
