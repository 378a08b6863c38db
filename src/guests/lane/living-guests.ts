// The pools of guests that this process runs, whoever has started them, so that their statistics can be told by language.
import { addGuestStats, type GuestStats } from "./guest-stats.ts";

/** What has statistics. */
interface Counted {
  stats(): GuestStats;
}

const living = new Map<Counted, string>();
/** What closed pools have counted: sums must not fall. */
const ended = new Map<string, GuestStats>();

/** A pool begins. @param language - its name in messages, `Python` */
export function guestBegins(pool: Counted, language: string): void {
  living.set(pool, language.toLowerCase());
}

/** A pool has ended. */
export function guestEnds(pool: Counted): void {
  const language = living.get(pool);
  if (language === undefined) return;
  living.delete(pool);
  const last: GuestStats = { ...pool.stats(), queued: 0, running: 0, processes: [] };
  ended.set(language, addGuestStats(ended.get(language) ?? null, last) ?? last);
}

/** The statistics of all pools, by language in lower case. */
export function livingGuestStats(): Readonly<Record<string, GuestStats>> {
  const all = new Map(ended);
  for (const [pool, language] of living) {
    const stats = pool.stats();
    all.set(language, addGuestStats(all.get(language) ?? null, stats) ?? stats);
  }
  return Object.fromEntries(all);
}
