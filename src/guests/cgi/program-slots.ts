// How many programs run at a time, and how many requests wait for one of them to end.
import { ServiceError } from "../../http/errors.ts";

/** Places for programs. */
export class ProgramSlots {
  readonly #most: number;
  readonly #mostWaiting: number;
  #taken = 0;
  readonly #waiting = new Set<() => void>();

  /**
   * @param most - programs at a time
   * @param mostWaiting - requests that wait; beyond them, a request is answered with 503
   */
  constructor(most: number, mostWaiting: number) {
    this.#most = most;
    this.#mostWaiting = mostWaiting;
  }

  /**
   * Waits for a place, in order.
   *
   * @param signal - of a client that leaves meanwhile
   * @returns gives the place back, once
   * @throws ServiceError (503) when too many wait, or the reason of the signal
   */
  async enter(signal?: AbortSignal): Promise<() => void> {
    if (this.#taken >= this.#most) await this.#wait(signal);
    else this.#taken += 1;
    let isLeft = false;
    return () => {
      if (!isLeft) this.#leave();
      isLeft = true;
    };
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    if (this.#waiting.size >= this.#mostWaiting) {
      const message = `${this.#most} programs run and ${this.#waiting.size} requests wait for one to end`;
      throw new ServiceError(503, "ERR_TSGI_CGI_BUSY", message);
    }
    return new Promise((resolve, reject) => {
      const left = (): void => {
        this.#waiting.delete(enter);
        reject(signal?.reason as Error); // of the gateway
      };
      const enter = (): void => {
        signal?.removeEventListener("abort", left);
        resolve();
      };
      if (signal?.aborted === true) return left();
      signal?.addEventListener("abort", left, { once: true });
      this.#waiting.add(enter);
    });
  }

  /** A place goes to who waits longest. */
  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#taken -= 1;
    else {
      this.#waiting.delete(next);
      next();
    }
  }
}
