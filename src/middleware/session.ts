// A session: what a server remembers of one browser. Where it is kept, the middleware of the kinds decides: session-cookie.ts and
// session-store.ts.
import { TSGIError } from "../errors.ts";
import type { WSGIEnvironment } from "../wsgi/types.ts";

/** Key of the environ with the {@link Session} of the request. */
export const SESSION = "tsgi.session";

/** The application has changed a session although it has announced its response, with which the session is saved. */
export class SessionSavedError extends TSGIError {
  constructor() {
    super("violation", "ERR_TSGI_SESSION_SAVED", "Change the session before startResponse is called, not after it");
  }
}

/**
 * Values by name; they must survive JSON. A value that was got and changed in place is saved too.
 *
 * @example
 * const session = sessionOf(environ);
 * session.set("user", "ada");
 */
export class Session {
  #data: Map<string, unknown>;
  readonly #original: string;
  #isRenewed = false;
  #isAccessed = false;
  #isSaved = false;

  /** @param text - what {@link Session.toText} once gave; empty for a new session */
  constructor(text: string) {
    this.#data = parseData(text);
    this.#original = this.#data.size === 0 ? "" : text;
  }

  /** Whether it holds nothing; an empty session is not kept. */
  get isEmpty(): boolean {
    return this.#data.size === 0;
  }

  /** Whether the browser had none. */
  get isNew(): boolean {
    return this.#original === "";
  }

  /** Whether it was looked at, so that the response depends on it. */
  get isAccessed(): boolean {
    return this.#isAccessed;
  }

  /** Whether it must get a new name, see {@link Session.renew}. */
  get isRenewed(): boolean {
    return this.#isRenewed;
  }

  /** Gives a value; undefined when there is none. */
  get<Value = unknown>(name: string): Value | undefined {
    this.#isAccessed = true;
    return this.#data.get(name) as Value | undefined; // what the application has put there
  }

  has(name: string): boolean {
    this.#isAccessed = true;
    return this.#data.has(name);
  }

  /** @throws SessionSavedError after startResponse */
  set(name: string, value: unknown): void {
    this.#change().set(name, value);
  }

  /** @throws SessionSavedError after startResponse */
  delete(name: string): boolean {
    return this.#change().delete(name);
  }

  /** Forgets everything: what a log-out does. @throws SessionSavedError after startResponse */
  clear(): void {
    this.#change().clear();
    this.#isRenewed = true;
  }

  /**
   * Gives the session a new name and keeps what it holds: to be called when a user logs in, so that nobody who knew the old name shares
   * the session (OWASP "session fixation").
   *
   * @throws SessionSavedError after startResponse
   */
  renew(): void {
    this.#change();
    this.#isRenewed = true;
  }

  keys(): string[] {
    this.#isAccessed = true;
    return [...this.#data.keys()];
  }

  /** Gives the session as text, and allows no change any more: for those who keep it. */
  save(): { readonly text: string; readonly isChanged: boolean } {
    this.#isSaved = true;
    const text = this.isEmpty ? "" : JSON.stringify(Object.fromEntries(this.#data));
    return { text, isChanged: text !== this.#original };
  }

  #change(): Map<string, unknown> {
    if (this.#isSaved) throw new SessionSavedError();
    this.#isAccessed = true;
    return this.#data;
  }
}

/**
 * Gives the session of a request.
 *
 * @throws TSGIError when no session middleware is around the application
 */
export function sessionOf(environ: WSGIEnvironment): Session {
  const session = environ[SESSION];
  if (session instanceof Session) return session;
  const message = `Expected a session in environ["${SESSION}"]; put sessionCookie or sessionStore around the application`;
  throw new TSGIError("configuration", "ERR_TSGI_NO_SESSION", message);
}

function parseData(text: string): Map<string, unknown> {
  if (text === "") return new Map();
  return new Map(Object.entries(JSON.parse(text) as Record<string, unknown>)); // written by save()
}
