// When housekeeping happens: a small transaction now and then, and soon again while there is more to do.
import type { Store } from "./store.ts";
import { sweep, trimLog } from "./housekeeping.ts";
import type { Work } from "./work.ts";

/** Milliseconds from one round to the next. */
const ROUND = 30_000;
/** The same, while there is more to do. */
const SWEEP_PAUSE = 10;

/** Keeps house for one store, as long as its process lives. */
export class Housekeeper {
  readonly #store: Pick<Store, "write">;
  readonly #whenDone: () => unknown;
  #timer: NodeJS.Timeout | null = null;
  #isOver = false;

  /** @param whenDone - what else is done in a round that has left nothing */
  constructor(store: Pick<Store, "write">, whenDone: () => unknown = () => {}) {
    this.#store = store;
    this.#whenDone = whenDone;
  }

  /** Begins, at another moment than the processes that start beside this one. */
  start(): void {
    this.#later(ROUND * Math.random());
  }

  stop(): void {
    this.#isOver = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #later(milliseconds: number): void {
    if (this.#isOver) return;
    this.#timer = setTimeout(() => void this.#round(), milliseconds);
    this.#timer.unref();
  }

  async #round(): Promise<void> {
    let hasMore = false;
    try {
      hasMore = await this.#store.write(function* keepHouse(): Work<boolean> {
        return (yield* sweep()) || (yield* trimLog());
      });
      if (!hasMore) this.#whenDone();
    } catch {
      // A full disk, a lock, a server that is away: the next round tries again.
    }
    this.#later(hasMore ? SWEEP_PAUSE : ROUND);
  }
}
