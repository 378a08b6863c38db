// A session: what a server remembers of one browser. Where it is kept, the middleware of the kinds decides: session-cookie.ts and
// session-store.ts.
import { TSGIError } from "../../errors.ts";
import { SHARED, type SharedValue } from "../../protocols/lane/shared-value.ts";
import type { WSGIEnvironment } from "../../wsgi/types.ts";
import { PersonalMark } from "../writing/personal.ts";
import { readChange } from "./session-change.ts";

/** Key of the environ with the {@link Session} of the request. */
export const SESSION = "tsgi.session";

/** The application changed a session after startResponse, when it was already saved. */
export class SessionSavedError extends TSGIError {
  constructor() {
    super("violation", "ERR_TSGI_SESSION_SAVED", "Change the session before startResponse is called, not after it");
  }
}

/** What a request did with a session. */
export interface SavedSession {
  /** As text; empty when it holds nothing. */
  readonly text: string;
  readonly isChanged: boolean;
  /**
   * Returns the session with the changes of this request applied, if other requests have changed it since it was read.
   *
   * @param current - what they left, as text; null when they have ended it: then only what this request has set remains
   */
  over(current: string | null): string;
}

/**
 * The values of a session by name. They must be JSON values. A value that was changed in place is saved too.
 *
 * @example
 * const session = sessionOf(environ);
 * session.set("user", "ada");
 */
export class Session {
  readonly #data: Map<string, unknown>;
  readonly #original: string;
  readonly #mark: PersonalMark;
  /** What the request has set or deleted, by name; the rest it may have changed in place. */
  readonly #assigned = new Set<string>();
  #isCleared = false;
  #isRenewed = false;
  #isAccessed = false;
  #isSaved = false;

  /**
   * @param text - what {@link Session.save} once gave; empty for a new session
   * @param mark - tells a cache that the response is for one user, as soon as the session is looked at
   */
  constructor(text: string, mark: PersonalMark = new PersonalMark()) {
    this.#data = parseData(text);
    this.#original = this.#data.size === 0 ? "" : text;
    this.#mark = mark;
  }

  /** Whether it is empty; an empty session is not stored. */
  get isEmpty(): boolean {
    return this.#look().size === 0;
  }

  /** Whether the browser had no session. */
  get isNew(): boolean {
    this.#look();
    return this.#original === "";
  }

  /** Whether it was read, so that the response depends on it. */
  get isAccessed(): boolean {
    return this.#isAccessed;
  }

  /** Whether it must get a new name, see {@link Session.renew}. */
  get isRenewed(): boolean {
    return this.#isRenewed;
  }

  /** How it travels to an application in another language, which sees and changes it as this one does. */
  get [SHARED](): SharedValue {
    return { kind: "session", share: () => textOf(this.#data), receive: (change) => this.#receive(change) };
  }

  /** Returns a value; undefined if there is none. */
  get<Value = unknown>(name: string): Value | undefined {
    return this.#look().get(name) as Value | undefined; // what the application has put there
  }

  has(name: string): boolean {
    return this.#look().has(name);
  }

  /** @throws SessionSavedError after startResponse */
  set(name: string, value: unknown): void {
    this.#change().set(name, value);
    this.#assigned.add(name);
  }

  /** @throws SessionSavedError after startResponse */
  delete(name: string): boolean {
    const data = this.#change();
    this.#assigned.add(name);
    return data.delete(name);
  }

  /** Removes everything; use it to log a user out. @throws SessionSavedError after startResponse */
  clear(): void {
    this.#change().clear();
    this.#assigned.clear();
    this.#isCleared = true;
    this.#isRenewed = true;
  }

  /**
   * Gives the session a new id and keeps its values. Call it when a user logs in, so that nobody who knows the old id shares the session
   * (OWASP "session fixation"). Its lifetime starts again.
   *
   * @throws SessionSavedError after startResponse
   */
  renew(): void {
    this.#change();
    this.#isRenewed = true;
  }

  keys(): string[] {
    return [...this.#look().keys()];
  }

  /** Serialises the session and freezes it, for session middleware. */
  save(): SavedSession {
    this.#isSaved = true;
    const text = textOf(this.#data);
    return { text, isChanged: text !== this.#original, over: (current) => this.#over(current) };
  }

  #over(current: string | null): string {
    const result = this.#isCleared ? new Map<string, unknown>() : parseData(current ?? "");
    const original = parseData(this.#original);
    const names = current === null ? this.#assigned : new Set([...this.#assigned, ...this.#data.keys()]);
    for (const name of names) {
      const value = this.#data.get(name);
      if (!this.#data.has(name)) result.delete(name);
      else if (this.#assigned.has(name) || !isSame(value, original.get(name))) result.set(name, value);
    }
    return textOf(result);
  }

  #look(): Map<string, unknown> {
    this.#isAccessed = true;
    this.#mark.isSet = true;
    return this.#data;
  }

  #change(): Map<string, unknown> {
    if (this.#isSaved) throw new SessionSavedError();
    return this.#look();
  }

  #receive(change: unknown): void {
    const { isCleared, isRenewed, set, deleted } = readChange(change);
    this.#look();
    if (isCleared) this.clear();
    if (isRenewed) this.renew();
    for (const [name, value] of set) this.set(name, value);
    for (const name of deleted) this.delete(name);
  }
}

/**
 * Returns the session of a request.
 *
 * @throws TSGIError when no session middleware is around the application
 */
export function sessionOf(environ: WSGIEnvironment): Session {
  const session = environ[SESSION];
  if (session instanceof Session) return session;
  const message = `Expected a session in environ["${SESSION}"]; put sessionCookie or sessionStore around the application`;
  throw new TSGIError("configuration", "ERR_TSGI_NO_SESSION", message);
}

function isSame(one: unknown, other: unknown): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

function parseData(text: string): Map<string, unknown> {
  if (text === "") return new Map();
  return new Map(Object.entries(JSON.parse(text) as Record<string, unknown>)); // written by textOf()
}

function textOf(data: ReadonlyMap<string, unknown>): string {
  const text = JSON.stringify(Object.fromEntries(data));
  return text === "{}" ? "" : text;
}
