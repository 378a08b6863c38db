// Sessions that the server keeps: the browser has only their name, which nobody can guess. Place it outside of what uses the session.
// Source: OWASP Session Management Cheat Sheet (names of 256 random bits, renewed at log-in, never taken from the client).
import { createHash, randomBytes } from "node:crypto";
import type { Bytes, HeaderList, Middleware, StartResponse, WSGIBody, WSGIEnvironment } from "../wsgi/types.ts";
import { closeAfterError, closedWith } from "./body-close.ts";
import { Cookie, COOKIE_READERS, type CookieOptions } from "./cookie.ts";
import { MiddlewareOptionError } from "./errors.ts";
import { addVary } from "./header-fields.ts";
import { MemorySessionStore } from "./memory-session-store.ts";
import { type Configuration, integer, readOptions, text, within } from "./options.ts";
import { RedisSessionStore } from "./redis-session-store.ts";
import { Session, SESSION } from "./session.ts";
import type { SessionStorage } from "./session-storage.ts";
import { SqliteSessionStore } from "./sqlite-session-store.ts";

/** Options of {@link sessionStore}. */
export interface SessionStoreOptions extends CookieOptions {
  /** @default "session" */
  readonly cookieName?: string;
  /** Where sessions are kept. @default memory of this process, for one worker and for tests */
  readonly storage?: SessionStorage;
  /** How long a session lives after its last use, in seconds. @default 1209600, two weeks */
  readonly maxAgeSeconds?: number;
}

const TWO_WEEKS = 14 * 24 * 3600;
const NAME = /^[\w-]{43}$/;

/** What is kept: the time at which it was written, and the text of the session. */
interface KeptSession {
  readonly name: string;
  readonly text: string;
  readonly savedAt: number;
}

/**
 * Gives each request a session in `environ["tsgi.session"]`, see {@link Session}. It is saved when startResponse is called, and the
 * response waits until that is done. Of two requests at once that change one session, the later one wins.
 *
 * @param now - the clock, milliseconds since 1970 @default Date.now
 * @throws MiddlewareOptionError when no browser would take the cookie
 * @example
 * const application = sessionStore({ storage: new SqliteSessionStore("/var/lib/app/sessions.db") })(inner);
 */
export function sessionStore(options: SessionStoreOptions = {}, now: () => number = Date.now): Middleware {
  const cookie = new Cookie(options.cookieName ?? "session", options);
  const maxAge = within(options.maxAgeSeconds ?? TWO_WEEKS, "maxAgeSeconds", 1);
  const storage = options.storage ?? new MemorySessionStore();

  async function open(environ: WSGIEnvironment): Promise<KeptSession | null> {
    const name = cookie.read(environ);
    if (name === null || !NAME.test(name)) return null;
    const kept = await storage.read(keyOf(name));
    if (kept === null) return null;
    const blank = kept.indexOf(" ");
    return { name, savedAt: Number(kept.slice(0, blank)), text: kept.slice(blank + 1) };
  }

  /** Gives the Set-Cookie that a response needs, and what has to happen in the storage before it may leave. */
  function save(session: Session, kept: KeptSession | null, environ: WSGIEnvironment): Saving {
    const { text: value, isChanged } = session.save();
    if (value === "") {
      if (kept === null) return { line: null, done: null };
      return { line: cookie.remove(environ), done: settled(() => storage.remove(keyOf(kept.name))) };
    }
    const time = now();
    const isFresh = kept !== null && time - kept.savedAt < (maxAge * 1000) / 10;
    if (!isChanged && !session.isRenewed && isFresh) return { line: null, done: null };
    const isSameName = kept !== null && !session.isRenewed;
    const name = isSameName ? kept.name : randomBytes(32).toString("base64url");
    const done = settled(async () => {
      await storage.write(keyOf(name), `${time} ${value}`, time + maxAge * 1000);
      if (kept !== null && !isSameName) await storage.remove(keyOf(kept.name));
    });
    return { line: cookie.write(environ, name, maxAge), done };
  }

  return (application) =>
    async function keepSessionInStore(environ, startResponse) {
      const kept = await open(environ);
      const session = new Session(kept?.text ?? "");
      environ[SESSION] = session;
      let saving: Saving | null = null;
      const start: StartResponse = (status, headers, excInfo) => {
        const { line, done } = (saving ??= save(session, kept, environ));
        const list: HeaderList = line === null ? headers.slice() : [...headers, ["Set-Cookie", line]];
        if (session.isAccessed) addVary(list, "Cookie");
        const write = startResponse(status, list, excInfo);
        return done === null ? write : (data) => done.then(() => write(data));
      };
      const body = await application(environ, start);
      const announced = saving as Saving | null; // start() has set it, or will
      if (announced === null)
        return Array.isArray(body)
          ? body
          : closedWith(
              savedFirst(body, () => saving?.done),
              body,
            );
      try {
        await announced.done;
        return body;
      } catch (error) {
        closeAfterError(body);
        throw error;
      }
    };
}

interface Saving {
  readonly line: string | null;
  readonly done: Promise<void> | null;
}

/** The filter `egg:tsgi#session-store`: `storage` (`memory`, `sqlite:/path` or `redis://host`), `max_age_seconds`, and the options of the cookie. */
export function filterFactory(_globalConf: Configuration, localConf: Configuration): Middleware {
  type FileOptions = Omit<SessionStoreOptions, "storage"> & { readonly storage?: string };
  const { storage, ...options } = readOptions<FileOptions>(localConf, {
    ...COOKIE_READERS,
    storage: text,
    maxAgeSeconds: integer,
  });
  return sessionStore(storage === undefined ? options : { ...options, storage: openStorage(storage) });
}

/** Makes a storage of what an INI file says; files and connections are opened when they are first needed. */
function openStorage(address: string): SessionStorage {
  if (address === "memory") return new MemorySessionStore();
  const [, path] = /^sqlite:(?:\/\/)?(.+)$/.exec(address) ?? [];
  if (path !== undefined) return new SqliteSessionStore(path);
  if (/^rediss?:\/\//.test(address)) return new RedisSessionStore(address);
  throw new MiddlewareOptionError(
    `Option "storage" is "${address}"; expected "memory", "sqlite:/path" or "redis://host:port"`,
  );
}

/** A storage that is read by somebody else gives no names away: it has only their digests. */
function keyOf(name: string): string {
  return createHash("sha256").update(name).digest("base64url");
}

/** Begins at once; a failure is noticed by those who wait, and does not end the process before they do. */
function settled(action: () => void | Promise<void>): Promise<void> {
  const done = Promise.resolve().then(action);
  done.catch(() => undefined);
  return done;
}

/** A body that announces its response while it is iterated: its first chunk waits until the session is saved. */
async function* savedFirst(body: WSGIBody, saving: () => Promise<void> | null | undefined): AsyncGenerator<Bytes> {
  for await (const chunk of body) {
    await saving();
    yield chunk;
  }
  await saving();
}
