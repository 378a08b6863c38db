// Tells own changes from those of others. The answer to a write and the event about it come in any order; so while a write is on its way,
// events wait.
import type { Change } from "./tree-model.ts";

/** Own writes that are remembered. */
const MOST_OWN = 1000;

/** Lets changes of others through. */
export class ChangeGate {
  readonly #deliver: (changes: readonly Change[]) => void;
  readonly #own = new Set<number>();
  #onTheWay = 0;
  #waiting: Change[] = [];

  /** @param deliver - is told what others have changed */
  constructor(deliver: (changes: readonly Change[]) => void) {
    this.#deliver = deliver;
  }

  /** Runs a write of one's own. */
  async during<T extends { readonly version: number }>(write: () => Promise<T>): Promise<T> {
    this.#onTheWay += 1;
    try {
      const written = await write();
      this.#own.add(written.version);
      for (const oldest of this.#own) {
        if (this.#own.size <= MOST_OWN) break;
        this.#own.delete(oldest);
      }
      return written;
    } finally {
      this.#onTheWay -= 1;
      // After what the caller makes of its own write.
      setTimeout(() => this.#flush(), 0);
    }
  }

  /** Takes changes of anybody. */
  take(changes: readonly Change[]): void {
    this.#waiting.push(...changes);
    this.#flush();
  }

  #flush(): void {
    if (this.#onTheWay > 0) return;
    const others = this.#waiting.filter(({ version }) => !this.#own.has(version));
    this.#waiting = [];
    if (others.length > 0) this.#deliver(others);
  }
}
