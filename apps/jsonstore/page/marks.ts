// Which nodes others have changed just now.
import { formatPointer, type Path } from "../src/text/pointer.ts";

/** Milliseconds that a mark stays. */
const STAYS = 5000;
/** More are not told apart by anybody. */
const MOST = 500;

/** Marks of nodes, by pointer. */
export class Marks {
  readonly #until = new Map<string, number>();
  readonly #onChange: (marks: ReadonlySet<string>) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(onChange: (marks: ReadonlySet<string>) => void) {
    this.#onChange = onChange;
  }

  /**
   * Marks nodes and what they are in.
   *
   * @param depth - of the node that the tree begins with, which is not marked
   */
  add(paths: readonly Path[], depth: number): void {
    const until = Date.now() + STAYS;
    for (const path of paths.slice(-MOST)) {
      for (let length = path.length; length > depth; length -= 1) {
        const pointer = formatPointer(path.slice(0, length));
        this.#until.delete(pointer);
        this.#until.set(pointer, until);
      }
    }
    for (const oldest of this.#until.keys()) {
      if (this.#until.size <= MOST) break;
      this.#until.delete(oldest);
    }
    this.#tell();
  }

  #tell(): void {
    this.#onChange(new Set(this.#until.keys()));
    clearTimeout(this.#timer);
    if (this.#until.size === 0) return;
    this.#timer = setTimeout(() => this.#expire(), STAYS / 4);
  }

  #expire(): void {
    const now = Date.now();
    for (const [pointer, until] of this.#until) if (until <= now) this.#until.delete(pointer);
    this.#tell();
  }
}
