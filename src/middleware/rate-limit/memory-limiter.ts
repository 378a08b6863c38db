// Counts the requests of this process. It answers at once: a promise for each request would cost more than the rest of the filter.

/** How a client stands when a request of it was counted. */
export interface Standing {
  readonly isRefused: boolean;
  readonly remainingPoints: number;
  /** Milliseconds until it is counted anew. */
  readonly msBeforeNext: number;
}

/** How much is allowed. */
export interface MemoryLimits {
  /** Requests within one window. */
  readonly limit: number;
  /** Seconds. It starts with the first request. */
  readonly windowSeconds: number;
  /** Seconds; 0 for the rest of the window. */
  readonly blockSeconds: number;
}

/** A client in its window. */
interface Counted {
  count: number;
  /** On the limiter's clock. */
  readonly endsAt: number;
}

/** Clients that are forgotten for each one that begins, if their time is over: more than one, so that they become fewer. */
const FORGOTTEN = 4;

/** Counts by name. It forgets a client when its time is over and others come. */
export class MemoryLimiter {
  readonly #limit: number;
  readonly #window: number;
  readonly #block: number;
  readonly #now: () => number;
  /** In the order in which they end, because all take equally long. */
  readonly #counted = new Map<string, Counted>();
  /** Names with the end of their time; in the same order. */
  readonly #blocked = new Map<string, number>();

  /** @param now - the clock, in whole milliseconds. @default one that is never set */
  constructor({ limit, windowSeconds, blockSeconds }: MemoryLimits, now = wholeMilliseconds) {
    this.#limit = limit;
    this.#window = windowSeconds * 1000;
    this.#block = blockSeconds * 1000;
    this.#now = now;
  }

  /** Clients that are remembered. */
  get size(): number {
    return this.#counted.size + this.#blocked.size;
  }

  /**
   * Counts a request.
   *
   * @param name - of the client
   */
  count(name: string): Standing {
    const now = this.#now();
    const blockedUntil = this.#block > 0 ? this.#blocked.get(name) : undefined;
    if (blockedUntil !== undefined) {
      if (now < blockedUntil) return refused(blockedUntil - now);
      this.#blocked.delete(name);
    }
    let counted = this.#counted.get(name);
    if (counted === undefined || now >= counted.endsAt) counted = this.#begin(name, now);
    counted.count += 1;
    if (counted.count > this.#limit) return this.#refuse(name, counted, now);
    return { isRefused: false, remainingPoints: this.#limit - counted.count, msBeforeNext: counted.endsAt - now };
  }

  #begin(name: string, now: number): Counted {
    forget(this.#counted, ({ endsAt }) => endsAt <= now);
    forget(this.#blocked, (until) => until <= now);
    const counted = { count: 0, endsAt: now + this.#window };
    this.#counted.delete(name); // or it would keep its place
    this.#counted.set(name, counted);
    return counted;
  }

  #refuse(name: string, { endsAt }: Counted, now: number): Standing {
    if (this.#block === 0) return refused(endsAt - now);
    this.#counted.delete(name);
    this.#blocked.set(name, now + this.#block);
    return refused(this.#block);
  }
}

/** Whole ones, because the time to a moment would be a fraction more than was added for some others. */
function wholeMilliseconds(): number {
  return Math.trunc(performance.now());
}

function refused(milliseconds: number): Standing {
  return { isRefused: true, remainingPoints: 0, msBeforeNext: milliseconds };
}

function forget<Value>(clients: Map<string, Value>, isOver: (value: Value) => boolean): void {
  let left = FORGOTTEN;
  for (const [name, value] of clients) {
    if (left === 0 || !isOver(value)) return;
    clients.delete(name);
    left -= 1;
  }
}
