// Sessions that the server keeps: the browser has only their name, which nobody can guess. Source: OWASP Session Management Cheat Sheet
// (names of 256 random bits, renewed at log-in, never taken from the client).
import { createHash, randomBytes } from "node:crypto";
import { withoutSecrets } from "../secret-name.ts";
import type { Middleware, WSGIEnvironment } from "../wsgi/types.ts";
import { addPersonalCookie, Cookie, COOKIE_READERS, type CookieOptions } from "./sessions/cookie.ts";
import { DelayedResponse } from "./sessions/delayed-response.ts";
import { MiddlewareOptionError } from "./errors.ts";
import { addVary } from "./writing/header-fields.ts";
import { MemorySessionStore } from "./sessions/memory-session-store.ts";
import { type Configuration, fileIn, fromSection } from "./writing/options.ts";
import { isRedisAddress } from "./writing/redis-connection.ts";
import { personalMark } from "./writing/personal.ts";
import { RedisSessionStore } from "./sessions/redis-session-store.ts";
import {
  readRecord,
  SESSION_LIFE_READERS,
  SessionLife,
  type SessionLifeOptions,
  type SessionRecord,
  writeRecord,
} from "./sessions/session-life.ts";
import type { SessionStorage } from "./sessions/session-storage.ts";
import { type SavedSession, Session, SESSION } from "./sessions/session.ts";
import { SqliteSessionStore } from "./sessions/sqlite-session-store.ts";

/** Options of {@link sessionStore}. */
export interface SessionStoreOptions extends CookieOptions, SessionLifeOptions {
  /** @default "session" */
  readonly cookieName?: string;
  /** Where sessions are stored. @default memory of this process, for one worker and for tests */
  readonly storage?: SessionStorage;
}

const NAME = /^[\w-]{43}$/;
const SQLITE = /^sqlite:(?:\/\/)?(.+)$/;
/** A change that others come between so often has met something else than others. */
const MOST_ATTEMPTS = 100;

/** The session that a browser named. */
interface KeptSession extends SessionRecord {
  readonly name: string;
  /** All of the text that is kept. */
  readonly whole: string;
  readonly expiresAt: number;
}

/**
 * Gives each request a session in `environ["tsgi.session"]`, see {@link Session}. It is saved when startResponse is called, and the
 * response waits for that. If two requests run at once, each saves only the values that it changed; if both changed a value, the later one
 * wins. A session that another request has ended or renewed stays ended: a slow request cannot bring it back.
 *
 * In a pipeline: outside of what uses the session.
 *
 * @param now - the clock, milliseconds since 1970 @default Date.now
 * @throws MiddlewareOptionError when no browser would take the cookie
 * @example
 * const application = sessionStore({ storage: new SqliteSessionStore("/var/lib/app/sessions.db") })(inner);
 */
export function sessionStore(options: SessionStoreOptions = {}, now: () => number = Date.now): Middleware {
  const cookie = new Cookie(options.cookieName ?? "session", options);
  const keeper = new SessionKeeper(options.storage ?? new MemorySessionStore(), cookie, new SessionLife(options), now);
  return function sessionStoreMiddleware(application) {
    return async function keepSessionInStore(environ, startResponse) {
      const kept = await keeper.open(environ);
      const session = new Session(kept?.text ?? "", personalMark(environ));
      environ[SESSION] = session;
      const response = new DelayedResponse(
        startResponse,
        () => keeper.save(session, kept, environ),
        (headers, line) => {
          if (line !== null) addPersonalCookie(headers, line);
          else if (session.isAccessed) addVary(headers, "Cookie");
        },
      );
      return response.body(await application(environ, response.startResponse));
    };
  };
}

/** The filter `egg:tsgi#session-store`: `storage` (`memory`, `sqlite:/path` or `redis://host`), how long sessions live, and the options of the cookie. */
export function filterFactory(globalConf: Configuration, localConf: Configuration): Middleware {
  type FileOptions = Omit<SessionStoreOptions, "storage"> & { readonly storage?: string };
  const make = ({ storage, ...options }: FileOptions): Middleware =>
    sessionStore(storage === undefined ? options : { ...options, storage: openStorage(storage) });
  return fromSection(make, localConf, {
    ...COOKIE_READERS,
    ...SESSION_LIFE_READERS,
    storage(value, key) {
      const [, path] = SQLITE.exec(value) ?? [];
      return path === undefined || path === ":memory:" ? value : `sqlite:${fileIn(globalConf)(path, key)}`;
    },
  });
}

/** Opens and saves sessions. A method of `save` gives the Set-Cookie that the response needs, or null. */
class SessionKeeper {
  readonly #storage: SessionStorage;
  readonly #cookie: Cookie;
  readonly #life: SessionLife;
  readonly #now: () => number;

  constructor(storage: SessionStorage, cookie: Cookie, life: SessionLife, now: () => number) {
    this.#storage = storage;
    this.#cookie = cookie;
    this.#life = life;
    this.#now = now;
  }

  async open(environ: WSGIEnvironment): Promise<KeptSession | null> {
    const name = this.#cookie.read(environ);
    if (name === null || !NAME.test(name)) return null;
    const kept = await this.#storage.read(keyOf(name));
    if (kept === null) return null;
    const record = readRecord(kept.text);
    const time = this.#now();
    if (this.#life.endOf(record.bornAt, time) <= time) return null;
    return { ...record, name, whole: kept.text, expiresAt: kept.expiresAt };
  }

  /** Gives null at once, without a promise, when there is nothing to do. */
  save(session: Session, kept: KeptSession | null, environ: WSGIEnvironment): Promise<string | null> | null {
    const saved = session.save();
    if (kept === null) return saved.text === "" ? null : this.#create(saved.text, environ);
    if (saved.text === "") return this.#end(kept, environ);
    if (session.isRenewed) return this.#renew(saved, kept, environ);
    const isFresh = kept.expiresAt - this.#now() > this.#life.maxAgeSeconds * 900; // nine tenths, in milliseconds
    if (saved.isChanged) return this.#change(saved, kept, isFresh, environ);
    return isFresh || this.#isAtItsEnd(kept) ? null : this.#prolong(kept, environ);
  }

  async #create(data: string, environ: WSGIEnvironment): Promise<string> {
    const name = randomBytes(32).toString("base64url");
    const time = this.#now();
    const end = this.#life.endOf(time, time);
    await this.#storage.create(keyOf(name), writeRecord({ bornAt: time, text: data }), end);
    return this.#cookie.write(environ, name, this.#life.cookieSeconds(end, time));
  }

  /** The browser keeps its cookie where somebody else has ended the session: it may be that of a session which came after. */
  async #end(kept: KeptSession, environ: WSGIEnvironment): Promise<string | null> {
    const taken = await this.#storage.take(keyOf(kept.name));
    return taken === null ? null : this.#cookie.remove(environ);
  }

  async #renew(saved: SavedSession, kept: KeptSession, environ: WSGIEnvironment): Promise<string | null> {
    const taken = await this.#storage.take(keyOf(kept.name));
    const data = saved.over(taken === null ? null : readRecord(taken).text);
    if (data !== "") return this.#create(data, environ);
    return taken === null ? null : this.#cookie.remove(environ);
  }

  async #change(
    saved: SavedSession,
    kept: KeptSession,
    isFresh: boolean,
    environ: WSGIEnvironment,
  ): Promise<string | null> {
    const key = keyOf(kept.name);
    const { bornAt } = kept;
    const time = this.#now();
    const end = isFresh ? kept.expiresAt : this.#life.endOf(bornAt, time);
    let known = kept.whole;
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
      const data = known === kept.whole ? saved.text : saved.over(readRecord(known).text);
      if (data === "") return this.#end(kept, environ);
      if (await this.#storage.replace(key, known, writeRecord({ bornAt, text: data }), end)) {
        return isFresh ? null : this.#line(kept.name, end, time, environ);
      }
      const current = await this.#storage.read(key);
      if (current === null) return null; // another request has ended it
      known = current.text;
    }
    throw new Error(`The session was changed by others ${MOST_ATTEMPTS} times while it was saved`);
  }

  async #prolong(kept: KeptSession, environ: WSGIEnvironment): Promise<string | null> {
    const time = this.#now();
    const end = this.#life.endOf(kept.bornAt, time);
    return (await this.#storage.touch(keyOf(kept.name), end)) ? this.#line(kept.name, end, time, environ) : null;
  }

  /** The cookie of a session that lives longer now; the browser has one that ends with the browser. */
  #line(name: string, end: number, time: number, environ: WSGIEnvironment): string | null {
    return this.#life.hasLastingCookie ? this.#cookie.write(environ, name, this.#life.cookieSeconds(end, time)) : null;
  }

  /** Whether it cannot live longer than it does. */
  #isAtItsEnd(kept: KeptSession): boolean {
    return this.#life.endOf(kept.bornAt, this.#now()) <= kept.expiresAt;
  }
}

/** Makes a storage of what an INI file says; files and connections are opened when they are first needed. */
function openStorage(address: string): SessionStorage {
  if (address === "memory") return new MemorySessionStore();
  const [, path] = SQLITE.exec(address) ?? [];
  if (path !== undefined) return new SqliteSessionStore(path);
  if (isRedisAddress(address)) return new RedisSessionStore(address);
  throw new MiddlewareOptionError(
    `Option "storage" is "${withoutSecrets(address)}"; expected "memory", "sqlite:/path" or "redis://host:port"`,
  );
}

/** A storage that is read by somebody else gives no names away: it has only their digests. */
function keyOf(name: string): string {
  return createHash("sha256").update(name).digest("base64url");
}
