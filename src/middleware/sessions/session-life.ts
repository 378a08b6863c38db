// How long sessions live, of either kind, and the text that is kept of one: when it was born, a blank, and what it holds.
// Source: OWASP Session Management Cheat Sheet, "Session Expiration" (idle and absolute timeouts).
import { flag, integer, within } from "../writing/options.ts";

/** How long sessions live. */
export interface SessionLifeOptions {
  /** How long a session lives after its last use, in seconds. @default 1209600, two weeks */
  readonly maxAgeSeconds?: number;
  /** Maximum lifetime after it began or was renewed, in seconds, however often it is used. @default as long as it is used */
  readonly lifetimeSeconds?: number;
  /** Whether the browser forgets it when it is closed, even if the session would live longer. @default false */
  readonly browserSession?: boolean;
}

/** Readers of these options for INI files. */
export const SESSION_LIFE_READERS = {
  maxAgeSeconds: integer,
  lifetimeSeconds: integer,
  browserSession: flag,
} as const;

/** What was kept of a session. Times are milliseconds since 1970. */
export interface SessionRecord {
  readonly bornAt: number;
  /** What it holds, see `Session`. */
  readonly text: string;
}

const TWO_WEEKS = 14 * 24 * 3600;

/** The options, checked, and what follows from them. */
export class SessionLife {
  readonly maxAgeSeconds: number;
  /** Whether the cookie lives as long as the session, and has to be sent again when that lives longer. */
  readonly hasLastingCookie: boolean;
  readonly #lifetimeSeconds: number;

  /** @throws MiddlewareOptionError when a time is shorter than a second */
  constructor(options: SessionLifeOptions) {
    this.maxAgeSeconds = within(options.maxAgeSeconds ?? TWO_WEEKS, "maxAgeSeconds", 1);
    this.#lifetimeSeconds = within(options.lifetimeSeconds ?? Infinity, "lifetimeSeconds", 1, Infinity);
    this.hasLastingCookie = options.browserSession !== true;
  }

  /** When a session ends that is used now. */
  endOf(bornAt: number, now: number): number {
    return Math.min(now + this.maxAgeSeconds * 1000, bornAt + this.#lifetimeSeconds * 1000);
  }

  /** Max-Age of the cookie of a session that ends then; null where it has none. */
  cookieSeconds(end: number, now: number): number | null {
    return this.hasLastingCookie ? Math.max(1, Math.ceil((end - now) / 1000)) : null;
  }
}

/** Gives the text to keep. */
export function writeRecord({ bornAt, text }: SessionRecord): string {
  return `${bornAt} ${text}`;
}

/** Reads what {@link writeRecord} gave. */
export function readRecord(kept: string): SessionRecord {
  const blank = kept.indexOf(" ");
  return { bornAt: Number(kept.slice(0, blank)), text: kept.slice(blank + 1) };
}
