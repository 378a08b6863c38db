// Whether an event loop has been silent for too long, decided from what another thread sees of it: a counter that the loop counts up.

/** Watches one counter. */
export class Silence {
  readonly #milliseconds: number;
  #last: number | null = null;
  #since = 0;
  #isReported = false;

  /** @param seconds - after which it is too long */
  constructor(seconds: number) {
    this.#milliseconds = seconds * 1000;
  }

  /**
   * Looks at the counter.
   *
   * @param count - where it stands
   * @param now - milliseconds of a steady clock
   * @returns true when it has stood still for too long: once for each silence
   */
  look(count: number, now: number): boolean {
    if (count !== this.#last) {
      this.#last = count;
      this.#since = now;
      this.#isReported = false;
      return false;
    }
    if (this.#isReported || now - this.#since <= this.#milliseconds) return false;
    this.#isReported = true;
    return true;
  }
}
