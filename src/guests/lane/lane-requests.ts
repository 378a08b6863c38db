// The requests of one lane in the order of their responses, and where each batch ends.
import type { GuestExchange } from "./guest-exchange.ts";

/** How many cleared places are kept before the list is trimmed. */
const SPENT_PLACES = 256;

/** The requests that were sent and are not answered yet. */
export class LaneRequests {
  /** Items before `#first` are done and cleared, so that they can be collected. */
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

  /** The one to be answered next; null if there is none. */
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

  /** Everything added since the last call is one batch. */
  endBatch(): void {
    const last = this.#items.at(-1);
    if (last !== undefined) this.#batchEnds.push(last.id);
  }

  /**
   * The current one is over.
   *
   * @returns whether it was the last one of its batch
   */
  shift(): boolean {
    const { id } = this.#items[this.#first] as GuestExchange; // called while there is a current one
    this.#items[this.#first] = undefined as unknown as GuestExchange; // never read again
    this.#first += 1;
    // Otherwise a lane that is never idle would keep a place for every request it ever had.
    if (this.#first === this.#items.length || this.#first >= SPENT_PLACES) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    if (this.#batchEnds[0] !== id) return false;
    this.#batchEnds.shift();
    return true;
  }

  /** Removes the requests with these ids; the rest is one batch. */
  remove(ids: ReadonlySet<number>): GuestExchange[] {
    const { all } = this;
    this.#items = all.filter(({ id }) => !ids.has(id));
    this.#first = 0;
    this.#batchEnds = [];
    // None is left if the guest is still in the close() of an answered request.
    this.endBatch();
    return all.filter(({ id }) => ids.has(id));
  }

  /** Removes all. */
  clear(): GuestExchange[] {
    const { all } = this;
    this.#items = [];
    this.#first = 0;
    this.#batchEnds = [];
    return all;
  }
}
