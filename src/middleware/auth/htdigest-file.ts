// Users of a file that htdigest writes: not their passwords, but what Digest authentication makes of them. Source: Apache, htdigest;
// RFC 7616 section 3.4.2 (A1). Whoever reads the file can log in with it, so keep it as secret as passwords.
import { MiddlewareOptionError } from "../errors.ts";
import { UserFile, userLineError, userLines } from "./user-file.ts";

/** What stands in the file for a user: the hash of `user:realm:password`. */
export interface HashedUser {
  readonly md5?: string;
  readonly sha256?: string;
}

/** The users of one realm. */
export class HtdigestFile {
  readonly #file: UserFile<ReadonlyMap<string, HashedUser>>;

  /**
   * @param path - of the file
   * @param realm - whose users count
   * @param now - the clock, milliseconds @default performance.now
   */
  constructor(path: string, realm: string, now: () => number = () => performance.now()) {
    this.#file = new UserFile(path, (text, source) => parseHtdigest(text, realm, source), now);
  }

  /** @throws MiddlewareOptionError when the file cannot be read, has a line that is none, or nobody of the realm */
  async find(user: string): Promise<HashedUser | null> {
    return (await this.#file.read()).get(user) ?? null;
  }
}

/**
 * Reads the text of a file of htdigest: lines of `user:realm:hash`, MD5 as htdigest writes them, or SHA-256 in 64 digits.
 *
 * @param source - name for errors
 */
export function parseHtdigest(text: string, realm: string, source: string): ReadonlyMap<string, HashedUser> {
  const users = new Map<string, HashedUser>();
  for (const [line, number] of userLines(text)) {
    const [, user, lineRealm, hash = ""] = /^([^:]+):([^:]*):([\da-f]{32}|[\da-f]{64})$/i.exec(line) ?? [];
    if (user === undefined) throw userLineError(source, number, 'expected "user:realm:hash" as htdigest writes it');
    if (lineRealm !== realm) continue;
    const kind = hash.length === 32 ? "md5" : "sha256";
    users.set(user, { ...users.get(user), [kind]: hash.toLowerCase() });
  }
  if (users.size > 0) return users;
  throw new MiddlewareOptionError(
    `File "${source}" has no user of the realm "${realm}"; expected the realm of the option`,
  );
}
