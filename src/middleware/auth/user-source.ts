// Where users and their passwords come from: a record, a function, or a file of htpasswd.
// Source: Apache, "Password Formats" and htpasswd for the file; both are checked in the same time whether the user exists or not.
import type { WSGIEnvironment } from "../../wsgi/types.ts";
import { digestSecret, isEqualSecret } from "../writing/constant-time.ts";
import { costOf, isKnownHash } from "./password-hash.ts";
import { checkPassword } from "./password-threads.ts";
import { UserFile, userLineError, userLines } from "./user-file.ts";

/** Checks passwords, for example with a database, a directory or another service. */
export interface UserSource {
  /** @param environ - of the request that brought them; its `tsgi.signal` tells when nobody waits for the answer any more */
  verify(user: string, password: string, environ?: Pick<WSGIEnvironment, "tsgi.signal">): boolean | Promise<boolean>;
}

/** Users, in any form that middleware accepts: passwords by name, a function, or a source. */
export type Users = Readonly<Record<string, string>> | UserSource["verify"] | UserSource;

/** How long a password that was right need not be hashed again, in milliseconds: a page has many pictures, and bcrypt is slow. */
const REMEMBERED_MILLISECONDS = 60_000;
const MOST_REMEMBERED = 1000;

/** Makes a source of what the options gave. */
export function toUserSource(users: Users): UserSource {
  if (typeof users === "function") return { verify: users };
  if (typeof (users as UserSource).verify === "function") return users as UserSource;
  const passwords = new Map(Object.entries(users as Readonly<Record<string, string>>));
  return {
    verify(user, password) {
      const expected = passwords.get(user);
      return isEqualSecret(password, expected ?? `${password}?`) && expected !== undefined;
    },
  };
}

/** A check that runs or waits for its turn, and the signals of those who want to know; undefined is one who never leaves. */
interface Check {
  readonly result: Promise<boolean>;
  readonly signals: (AbortSignal | undefined)[];
}

/** What a file of htpasswd says. */
interface HashedPasswords {
  readonly hashes: ReadonlyMap<string, string>;
  /** One hash of each cost: a wrong password is checked against all of them, and so is that of a user who is not there. */
  readonly samples: ReadonlyMap<string, string>;
}

/**
 * Users of an htpasswd file. It is read when first needed, and again when it has changed.
 */
export class HtpasswdFile implements UserSource {
  readonly #file: UserFile<HashedPasswords>;
  readonly #now: () => number;
  /** Passwords that were right, as digests that mean nothing elsewhere, with the time until which they count. */
  readonly #remembered = new Map<string, number>();
  /** By the same digests: what is being checked. A page asks for many things at once, and the first answer is that of all. */
  readonly #checks = new Map<string, Check>();

  /**
   * @param path - of the file
   * @param now - the clock, milliseconds @default performance.now
   */
  constructor(path: string, now: () => number = () => performance.now()) {
    this.#file = new UserFile(path, hashedPasswords, now);
    this.#now = now;
  }

  /**
   * @throws MiddlewareOptionError when the file cannot be read, or has a line that is none
   * @throws PasswordQueueFull when too many passwords are being checked
   */
  async verify(user: string, password: string, environ?: Pick<WSGIEnvironment, "tsgi.signal">): Promise<boolean> {
    const { hashes, samples } = await this.#file.read();
    const hash = hashes.get(user);
    const digest = digestSecret([user, hash, password].join("\0")).toString("base64");
    if ((this.#remembered.get(digest) ?? 0) > this.#now()) return true;
    const running = this.#checks.get(digest);
    if (running !== undefined) {
      running.signals.push(environ?.["tsgi.signal"]);
      return await running.result;
    }
    const signals = [environ?.["tsgi.signal"]];
    const isWanted = (): boolean => signals.some((signal) => signal?.aborted !== true);
    const check = { result: checkAmong(samples, hash ?? null, password, isWanted), signals };
    this.#checks.set(digest, check);
    try {
      const isRight = await check.result;
      if (isRight) this.#remember(digest);
      return isRight;
    } finally {
      this.#checks.delete(digest);
    }
  }

  #remember(digest: string): void {
    if (this.#remembered.size >= MOST_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(digest, this.#now() + REMEMBERED_MILLISECONDS);
  }
}

function hashedPasswords(text: string, source: string): HashedPasswords {
  const hashes = parseHtpasswd(text, source);
  return { hashes, samples: new Map(Array.from(hashes.values(), (hash) => [costOf(hash), hash])) };
}

async function checkAmong(
  samples: HashedPasswords["samples"],
  hash: string | null,
  password: string,
  isWanted: () => boolean,
): Promise<boolean> {
  const own = hash === null ? null : costOf(hash);
  const decoys = [...samples].filter(([cost]) => cost !== own).map(([, sample]) => sample);
  return await checkPassword({ password, hash, decoys }, isWanted);
}

/**
 * Reads the text of a file of htpasswd: lines of `user:hash`; empty lines and those that start with `#` do not count.
 *
 * @param source - name for errors
 * @returns hashes by user
 * @throws MiddlewareOptionError for any other line, and for a hash that cannot be checked
 */
export function parseHtpasswd(text: string, source: string): ReadonlyMap<string, string> {
  const hashes = new Map<string, string>();
  for (const [line, number] of userLines(text)) {
    const colon = line.indexOf(":");
    const user = line.slice(0, colon);
    const hash = line.slice(colon + 1);
    if (colon < 1) throw userLineError(source, number, `expected "user:hash"`);
    if (!isKnownHash(hash)) {
      throw userLineError(
        source,
        number,
        `the password of "${user}" is in no format that can be checked: expected bcrypt, $apr1$, $5$, $6$ or {SHA}`,
      );
    }
    hashes.set(user, hash);
  }
  return hashes;
}
