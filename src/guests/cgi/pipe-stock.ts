// Named pipes of one kind, as a worker knows them: how many its spawner has made, and which is the next that is not used.

/** Pipes are asked for in such portions, when fewer than half of one are left. The spawner makes the first one by itself. */
const PORTION = 32;

/** A stock of pipes. */
export class PipeStock {
  /** How many exist, used ones included. */
  made = 0;
  #asked = PORTION;
  #next = 0;

  get isEmpty(): boolean {
    return this.#next >= this.made;
  }

  /** How many there should be, used ones included. */
  get wanted(): number {
    return this.#asked;
  }

  /** Takes one. @returns its number */
  take(): number {
    this.#next += 1;
    return this.#next - 1;
  }

  /** Whether more are to be made; `wanted` says how many. */
  wantsMore(): boolean {
    if (this.#asked - this.#next >= PORTION / 2) return false;
    this.#asked += PORTION;
    return true;
  }
}
