// Sessions in the memory of one process: for one worker, and for tests.
import type { KeptText, SessionStorage } from "./session-storage.ts";

/** Stores sessions until they expire. If there are too many, the one that was written longest ago is dropped first. */
export class MemorySessionStore implements SessionStorage {
  readonly #kept = new Map<string, KeptText>();
  readonly #mostSessions: number;
  readonly #now: () => number;

  /**
   * @param mostSessions - how many are kept @default 100000
   * @param now - the clock, milliseconds since 1970 @default Date.now
   */
  constructor(mostSessions = 100_000, now: () => number = Date.now) {
    this.#mostSessions = mostSessions;
    this.#now = now;
  }

  /** How many sessions are stored, including expired ones. */
  get size(): number {
    return this.#kept.size;
  }

  read(key: string): KeptText | null {
    const kept = this.#kept.get(key);
    if (kept === undefined) return null;
    if (kept.expiresAt > this.#now()) return kept;
    this.#kept.delete(key);
    return null;
  }

  create(key: string, text: string, expiresAt: number): void {
    this.#kept.delete(key); // so that it moves to the end of the order
    this.#kept.set(key, { text, expiresAt });
    for (const [oldest, { expiresAt: end }] of this.#kept) {
      if (this.#kept.size <= this.#mostSessions && end > this.#now()) break;
      this.#kept.delete(oldest);
    }
  }

  replace(key: string, known: string, text: string, expiresAt: number): boolean {
    if (this.read(key)?.text !== known) return false;
    this.create(key, text, expiresAt);
    return true;
  }

  touch(key: string, expiresAt: number): boolean {
    const kept = this.read(key);
    if (kept === null) return false;
    this.create(key, kept.text, Math.max(kept.expiresAt, expiresAt));
    return true;
  }

  take(key: string): string | null {
    const kept = this.read(key);
    this.#kept.delete(key);
    return kept?.text ?? null;
  }
}
