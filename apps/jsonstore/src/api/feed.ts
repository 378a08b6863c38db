// Carries changes from the log to the clients that watch. It reads the log once for all of them, when a write of this process or another
// may have happened, and only while somebody watches.
import { Problem } from "../problem.ts";
import type { Store } from "../storage/store.ts";
import { changesAfter } from "../storage/change-log.ts";
import { find } from "../storage/document.ts";
import { row, type Work } from "../storage/work.ts";
import { parsePointer } from "../text/pointer.ts";
import { eventsOf, firstEvent, reset, type ChangeEvent } from "./change-events.ts";
import { documentVersion } from "./document-version.ts";

/** Changes that are read at a time. */
const BATCH = 1000;
/** Missed changes that are told one by one; who has missed more reads again. */
const MOST_MISSED = 10_000;

/** A client that watches. */
export interface Listener {
  /** Canonical pointer of the node. */
  readonly watched: string;
  take(events: readonly ChangeEvent[]): void;
}

interface Subscriber {
  readonly listener: Listener;
  since: number;
}

/** The feed of one store in one process. */
export class Feed {
  readonly #store: Store;
  readonly #most: number;
  readonly #subscribers = new Set<Subscriber>();
  #unwatch: (() => void) | null = null;
  #isReading = false;
  #isStale = false;

  constructor(store: Store, most: number) {
    this.#store = store;
    this.#most = most;
  }

  /**
   * Begins to tell a client of changes.
   *
   * @param lastSeen - the number of the last event that it has; null for a client that has none
   * @returns a function that ends this
   * @throws Problem when the node is not there, or too many watch already
   */
  async subscribe(listener: Listener, lastSeen: number | null): Promise<() => void> {
    if (this.#subscribers.size >= this.#most) throw new Problem("too-many-readers");
    const subscriber: Subscriber = { listener, since: Number.POSITIVE_INFINITY };
    this.#subscribers.add(subscriber);
    const end = (): void => {
      this.#subscribers.delete(subscriber);
      if (this.#subscribers.size > 0) return;
      this.#unwatch?.();
      this.#unwatch = null;
    };
    try {
      const { seq, events } = await this.#store.read(() => beginning(listener.watched, lastSeen));
      listener.take(events);
      subscriber.since = seq;
    } catch (error) {
      end();
      throw error;
    }
    this.#unwatch ??= this.#store.watch(() => this.#wake());
    // What was written since then.
    this.#wake();
    return end;
  }

  #wake(): void {
    this.#isStale = true;
    if (!this.#isReading) void this.#read();
  }

  async #read(): Promise<void> {
    this.#isReading = true;
    while (this.#isStale) {
      this.#isStale = false;
      try {
        await this.#store.read(() => this.#deliver());
      } catch {
        // The database may be busy; the next change or look tries again.
      }
    }
    this.#isReading = false;
  }

  *#deliver(): Work<void> {
    const subscribers = [...this.#subscribers].filter(({ since }) => since !== Number.POSITIVE_INFINITY);
    const since = Math.min(...subscribers.map((subscriber) => subscriber.since));
    const now = yield* documentVersion();
    if (subscribers.length === 0 || since >= now) return;
    if (!(yield* isLogged(since))) {
      for (const subscriber of subscribers) advance(subscriber, now, [reset(now)]);
      return;
    }
    const changes = yield* changesAfter(since, BATCH);
    const last = changes.at(-1)?.seq ?? now;
    // More than one batch: what is read of today's values would be too new. Who watches reads again.
    if (last < now) {
      for (const subscriber of subscribers) advance(subscriber, now, [reset(now)]);
      return;
    }
    // Those who watch the same node are told the same: a thousand of them cost as much as one.
    const told = new Map<string, readonly ChangeEvent[]>();
    for (const subscriber of subscribers) {
      const { listener, since: seen } = subscriber;
      const name = `${seen}${listener.watched}`;
      let events = told.get(name);
      if (events === undefined) {
        const missed = changes.filter(({ seq }) => seq > seen);
        told.set(name, (events = yield* eventsOf(listener.watched, missed, false)));
      }
      advance(subscriber, now, events);
    }
  }
}

function advance(subscriber: Subscriber, seq: number, events: readonly ChangeEvent[]): void {
  if (subscriber.since >= seq) return;
  subscriber.since = seq;
  if (events.length > 0) subscriber.listener.take(events);
}

function* beginning(
  watched: string,
  lastSeen: number | null,
): Work<{ readonly seq: number; readonly events: readonly ChangeEvent[] }> {
  const seq = yield* documentVersion();
  if (lastSeen === null) {
    yield* find(parsePointer(watched) ?? []);
    return { seq, events: [yield* firstEvent(watched, seq)] };
  }
  if (lastSeen > seq || !(yield* isLogged(lastSeen))) return { seq, events: [reset(seq)] };
  const missed = yield* changesAfter(lastSeen, MOST_MISSED + 1);
  const isTooMuch = missed.length > MOST_MISSED;
  return { seq, events: isTooMuch ? [reset(seq)] : yield* eventsOf(watched, missed, true) };
}

/** Whether the log has all that came after a change. */
function* isLogged(seq: number): Work<boolean> {
  const oldest = yield* row<{ readonly seq: number | null }>("oldestChange");
  const first = oldest?.seq ?? null;
  return first === null ? (yield* documentVersion()) === seq : first <= seq + 1;
}
