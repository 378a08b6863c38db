// Sessions that the browser keeps, in a cookie that is signed or encrypted: nothing to store, and every worker can read it. What was
// sealed once cannot be called back before it is too old, and a slow request that began before a log-out may seal again what it knew;
// where a log-out must reach all copies, use session-store. Source: Flask's and Starlette's sessions for the idea; RFC 6265 section 6.1
// for the size.
import type { Middleware, WSGIEnvironment } from "../wsgi/types.ts";
import { addPersonalCookie, Cookie, COOKIE_READERS, type CookieOptions } from "./sessions/cookie.ts";
import { MiddlewareOptionError } from "./errors.ts";
import { addVary } from "./writing/header-fields.ts";
import { type Configuration, flag, fromSection, required, words } from "./writing/options.ts";
import { personalMark } from "./writing/personal.ts";
import { changeHead } from "./writing/replace-response.ts";
import { TextSealer } from "./sessions/sealed-text.ts";
import {
  readRecord,
  SESSION_LIFE_READERS,
  SessionLife,
  type SessionLifeOptions,
  type SessionRecord,
  writeRecord,
} from "./sessions/session-life.ts";
import { Session, SESSION } from "./sessions/session.ts";

/** Options of {@link sessionCookie}. */
export interface SessionCookieOptions extends CookieOptions, SessionLifeOptions {
  /** Secrets of 32 characters or more. The first one seals, all of them open. To change the secret, put a new one first. */
  readonly secrets: string | readonly string[];
  /** @default "session" */
  readonly cookieName?: string;
  /** Whether the session is encrypted, so that the browser cannot read it. @default false */
  readonly encrypted?: boolean;
}

/** What the browser sent. */
interface SentSession extends SessionRecord {
  /** Seconds since 1970. */
  readonly sealedAt: number;
}

/** What browsers keep at least of a cookie, with its name and attributes. */
const MOST_BYTES = 4096;
/** Clocks of several machines differ. */
const FUTURE_SECONDS = 60;

/**
 * Gives each request a session in `environ["tsgi.session"]`, see {@link Session}; it is sealed into a cookie when startResponse is called.
 *
 * In a pipeline: outside of what uses the session.
 *
 * @param now - the clock, milliseconds since 1970 @default Date.now
 * @throws MiddlewareOptionError when a secret is missing or short
 * @example
 * const application = sessionCookie({ secrets: process.env.SESSION_SECRET })(inner);
 */
export function sessionCookie(options: SessionCookieOptions, now: () => number = Date.now): Middleware {
  const { cookieName = "session", encrypted: isEncrypted = false } = options;
  const life = new SessionLife(options);
  const cookie = new Cookie(cookieName, options);
  const sealer = new TextSealer(required(options.secrets, "secrets", "one or more secrets"), cookieName, isEncrypted);

  function open(environ: WSGIEnvironment): SentSession | null {
    const value = cookie.read(environ);
    const opened = value === null ? null : sealer.open(value);
    if (opened === null) return null;
    const { sealedAt } = opened;
    const { bornAt, text } = readRecord(opened.text);
    const time = now();
    const isAlive = life.endOf(bornAt, sealedAt * 1000) >= time && sealedAt <= time / 1000 + FUTURE_SECONDS;
    return isAlive ? { sealedAt, bornAt, text } : null;
  }

  /** Gives the Set-Cookie that a response needs; null when the browser has the session as it is. */
  function save(session: Session, sent: SentSession | null, environ: WSGIEnvironment): string | null {
    const { text, isChanged } = session.save();
    if (text === "") return sent === null ? null : cookie.remove(environ);
    const time = now();
    const isFresh = sent !== null && time / 1000 - sent.sealedAt < life.maxAgeSeconds / 2;
    if (!isChanged && !session.isRenewed && isFresh) return null;
    const bornAt = sent === null || session.isRenewed ? time : sent.bornAt;
    const sealed = sealer.seal(writeRecord({ bornAt, text }), time / 1000);
    const line = cookie.write(environ, sealed, life.cookieSeconds(life.endOf(bornAt, time), time));
    if (line.length <= MOST_BYTES) return line;
    throw new MiddlewareOptionError(
      `The session needs a cookie of ${line.length} bytes; expected at most ${MOST_BYTES}: keep less in it, or use session-store`,
    );
  }

  return function sessionCookieMiddleware(application) {
    return function keepSessionInCookie(environ, startResponse) {
      const sent = open(environ);
      const session = new Session(sent?.text ?? "", personalMark(environ));
      environ[SESSION] = session;
      let line: string | null | undefined;
      const start = changeHead(startResponse, ({ headers }) => {
        if (line === undefined) line = save(session, sent, environ);
        if (line !== null) addPersonalCookie(headers, line);
        else if (session.isAccessed) addVary(headers, "Cookie");
      });
      return application(environ, start);
    };
  };
}

/** The filter `egg:tsgi#session-cookie`: `secrets`, `encrypted`, how long sessions live, and the options of the cookie. */
export function filterFactory(_globalConf: Configuration, localConf: Configuration): Middleware {
  return fromSection<SessionCookieOptions>(sessionCookie, localConf, {
    ...COOKIE_READERS,
    ...SESSION_LIFE_READERS,
    secrets: words,
    encrypted: flag,
  });
}
