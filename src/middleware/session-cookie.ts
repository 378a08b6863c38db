// Sessions that the browser keeps, in a cookie that is signed or encrypted: nothing to store, and every worker can read it. What was
// sealed once cannot be called back before it is too old; where a log-out must reach all copies, use session-store. Place it outside of
// what uses the session. Source: Flask's and Starlette's sessions for the idea; RFC 6265 section 6.1 for the size.
import type { Middleware, WSGIEnvironment } from "../wsgi/types.ts";
import { Cookie, COOKIE_READERS, type CookieOptions } from "./cookie.ts";
import { MiddlewareOptionError } from "./errors.ts";
import { addVary } from "./header-fields.ts";
import { type Configuration, flag, integer, readOptions, required, within, words } from "./options.ts";
import { changeHead } from "./replace-response.ts";
import { type OpenedText, TextSealer } from "./sealed-text.ts";
import { Session, SESSION } from "./session.ts";

/** Options of {@link sessionCookie}. */
export interface SessionCookieOptions extends CookieOptions {
  /** Secrets of 32 characters or more: the first seals, all open, so that a new one can be put in front. */
  readonly secrets: string | readonly string[];
  /** @default "session" */
  readonly cookieName?: string;
  /** Whether the browser cannot read what the session holds. @default false */
  readonly isEncrypted?: boolean;
  /** How long a session lives after its last use, in seconds. @default 1209600, two weeks */
  readonly maxAgeSeconds?: number;
}

/** What browsers keep at least of a cookie, with its name and attributes. */
const MOST_BYTES = 4096;
/** Clocks of several machines differ. */
const FUTURE_SECONDS = 60;
const TWO_WEEKS = 14 * 24 * 3600;

/**
 * Gives each request a session in `environ["tsgi.session"]`, see {@link Session}; it is sealed into a cookie when startResponse is called.
 *
 * @param now - the clock, milliseconds since 1970 @default Date.now
 * @throws MiddlewareOptionError when a secret is missing or short
 * @example
 * const application = sessionCookie({ secrets: process.env.SESSION_SECRET })(inner);
 */
export function sessionCookie(options: SessionCookieOptions, now: () => number = Date.now): Middleware {
  const { cookieName = "session", isEncrypted = false } = options;
  const maxAge = within(options.maxAgeSeconds ?? TWO_WEEKS, "maxAgeSeconds", 1);
  const cookie = new Cookie(cookieName, options);
  const sealer = new TextSealer(required(options.secrets, "secrets", "one or more secrets"), cookieName, isEncrypted);

  function open(environ: WSGIEnvironment): OpenedText | null {
    const value = cookie.read(environ);
    const opened = value === null ? null : sealer.open(value);
    if (opened === null) return null;
    const age = now() / 1000 - opened.sealedAt;
    return age <= maxAge && age >= -FUTURE_SECONDS ? opened : null;
  }

  /** Gives the Set-Cookie that a response needs; null when the browser has the session as it is. */
  function save(session: Session, opened: OpenedText | null, environ: WSGIEnvironment): string | null {
    const { text, isChanged } = session.save();
    if (text === "") return opened === null ? null : cookie.remove(environ);
    const seconds = now() / 1000;
    const isFresh = opened !== null && seconds - opened.sealedAt < maxAge / 2;
    if (!isChanged && !session.isRenewed && isFresh) return null;
    const line = cookie.write(environ, sealer.seal(text, seconds), maxAge);
    if (line.length <= MOST_BYTES) return line;
    throw new MiddlewareOptionError(
      `The session needs a cookie of ${line.length} bytes; expected at most ${MOST_BYTES}: keep less in it, or use session-store`,
    );
  }

  return (application) =>
    function keepSessionInCookie(environ, startResponse) {
      const opened = open(environ);
      const session = new Session(opened?.text ?? "");
      environ[SESSION] = session;
      let line: string | null | undefined;
      const start = changeHead(startResponse, ({ headers }) => {
        if (line === undefined) line = save(session, opened, environ);
        if (line !== null) headers.push(["Set-Cookie", line]);
        if (session.isAccessed) addVary(headers, "Cookie");
      });
      return application(environ, start);
    };
}

/** The filter `egg:tsgi#session-cookie`: `secrets`, `is_encrypted`, `max_age_seconds`, and the options of the cookie. */
export function filterFactory(_globalConf: Configuration, localConf: Configuration): Middleware {
  const options = readOptions<SessionCookieOptions>(localConf, {
    ...COOKIE_READERS,
    secrets: words,
    isEncrypted: flag,
    maxAgeSeconds: integer,
  });
  return sessionCookie(options);
}
