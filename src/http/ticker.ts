// One coarse clock for all connections of a server, instead of a timer per connection.
// Each connection looks at its own deadlines when the clock ticks; looking at ten thousand numbers costs less than re-arming one timer each.

import { DenseSet, type DenseMember } from "./dense-set.ts";

/** Seconds between two ticks, and so the precision of every timeout: one fires up to two ticks late, never early. */
export const TICK_SECONDS = 0.5;

/** Something with deadlines, told the time. */
export interface TickListener extends DenseMember {
  /** @param now - the clock's time, in seconds */
  tick(now: number): void;
}

/** Ticks while it has members; does not keep the process alive unless it is told to. */
export class Ticker {
  /** The time of the last tick, in seconds since an arbitrary start. Cheap to read, up to one tick behind. */
  now = 0;
  /** Those that are told the time. */
  readonly members = new DenseSet<TickListener>();
  #timer: NodeJS.Timeout | null = null;
  #keepsAlive = false;

  /** A deadline `seconds` from now that is not reached early, although `now` may lag. */
  deadline(seconds: number): number {
    return this.now + seconds + TICK_SECONDS;
  }

  add(member: TickListener): void {
    this.members.add(member);
    if (this.#timer !== null) return;
    this.#setTime();
    this.#timer = setInterval(() => {
      this.#setTime();
      // Timers run before sockets are read. What clients sent while an application blocked the event loop must count, so it is read in
      // between, by this clock.
      setImmediate(() => this.#tick());
    }, TICK_SECONDS * 1000);
    if (!this.#keepsAlive) this.#timer.unref();
  }

  /** Whether the process stays alive while there are members. @default false */
  set keepsAlive(isKept: boolean) {
    if (isKept === this.#keepsAlive) return;
    this.#keepsAlive = isKept;
    if (isKept) this.#timer?.ref();
    else this.#timer?.unref();
  }

  delete(member: TickListener): void {
    this.members.delete(member);
    if (this.members.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  #tick(): void {
    this.members.forEach((member) => member.tick(this.now));
  }

  #setTime(): void {
    this.now = performance.now() / 1000;
  }
}
