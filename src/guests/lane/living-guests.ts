// The pools of guests that this process runs, whoever has started them, so that their statistics can be told by language.
import { addToLanguage, type GuestStats, withoutProcesses } from "./guest-stats.ts";

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
  addToLanguage(ended, language, withoutProcesses(pool.stats()));
}

/** The statistics of all pools, by language in lower case. */
export function livingGuestStats(): Readonly<Record<string, GuestStats>> {
  const all = new Map(ended);
  for (const [pool, language] of living) addToLanguage(all, language, pool.stats());
  return Object.fromEntries(all);
}
