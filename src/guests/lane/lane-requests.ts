// The requests of one lane, in the order in which they are answered, and where each batch of them ends.
import type { GuestExchange } from "./guest-exchange.ts";

/** Places of answered requests that are kept before the list is cut. */
const SPENT_PLACES = 256;

/** Those that were sent and are not answered. */
export class LaneRequests {
  /** Those before `#first` are over, and their places emptied: they must not stay reachable. */
  #items: GuestExchange[] = [];
  #first = 0;
  /** Ids of the last request of each batch. */
  #batchEnds: number[] = [];

  /** How many there are. */
  get length(): number {
    return this.#items.length - this.#first;
  }

  /** Batches among them. */
  get batches(): number {
    return this.#batchEnds.length;
  }

  /** The one that is answered next; null when there is none. */
  get current(): GuestExchange | null {
    return this.#items[this.#first] ?? null;
  }

  /** All of them. */
  get all(): GuestExchange[] {
    return this.#items.slice(this.#first);
  }

  /** Adds one at the end. */
  push(exchange: GuestExchange): void {
    this.#items.push(exchange);
  }

  /** What was added since the last call is one batch. */
  endBatch(): void {
    const last = this.#items.at(-1);
    if (last !== undefined) this.#batchEnds.push(last.id);
  }

  /**
   * The current one is over.
   *
   * @returns whether its batch is over with it
   */
  shift(): boolean {
    const { id } = this.#items[this.#first] as GuestExchange; // called while there is a current one
    this.#items[this.#first] = undefined as unknown as GuestExchange; // never read again
    this.#first += 1;
    // A lane that is never idle would otherwise keep a place for each request that it has ever had.
    if (this.#first === this.#items.length || this.#first >= SPENT_PLACES) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    if (this.#batchEnds[0] !== id) return false;
    this.#batchEnds.shift();
    return true;
  }

  /** Takes out those with these ids; what stays is one batch. */
  remove(ids: ReadonlySet<number>): GuestExchange[] {
    const { all } = this;
    this.#items = all.filter(({ id }) => !ids.has(id));
    this.#first = 0;
    this.#batchEnds = [];
    // None is left where the guest is still in the close() of what it has answered.
    this.endBatch();
    return all.filter(({ id }) => ids.has(id));
  }

  /** Takes out all. */
  clear(): GuestExchange[] {
    const { all } = this;
    this.#items = [];
    this.#first = 0;
    this.#batchEnds = [];
    return all;
  }
}
