// How long the requests of a lane take, batch by batch. Source: docs/lane-protocol.md, "Answers".

/** How long a request took: a scale in the flags of RESPONSE, and the middle of its unit. */
const TOOK_SHIFT = 4;
const TOOK_MILLISECONDS = 0.006;

/** Measures the batch that is being answered. */
export class BatchTime {
  #startedAt = 0;
  #count = 0;
  /** Of how many of these the guest has said how long they took, and the sum of that in milliseconds. */
  #toldCount = 0;
  #toldMilliseconds = 0;

  /** The first request of a batch has its turn. @param now - in milliseconds */
  begin(now: number): void {
    this.#startedAt = now;
    this.#count = this.#toldCount = this.#toldMilliseconds = 0;
  }

  /** A whole response has come. @param flags - of its frame */
  told(flags: number): void {
    const scale = flags >>> TOOK_SHIFT;
    if (scale === 0) return;
    this.#toldCount += 1;
    this.#toldMilliseconds += TOOK_MILLISECONDS * 2 ** scale;
  }

  /** A request is over. */
  counted(): void {
    this.#count += 1;
  }

  /**
   * The batch is over, of which at least one request was counted; the next one begins.
   *
   * @param now - in milliseconds
   * @returns how long each of its requests took, in milliseconds
   */
  end(now: number): number {
    // On a busy machine, most of the time that can be seen from here is waiting for a processor.
    const took = this.#toldCount === this.#count ? this.#toldMilliseconds : now - this.#startedAt;
    const each = took / this.#count;
    this.begin(now);
    return each;
  }
}
