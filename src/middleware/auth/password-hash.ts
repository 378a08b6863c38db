// Checks a password against a hash as htpasswd and crypt(3) write it. Source: Apache, "Password Formats"; each format in its own file,
// bcrypt in bcryptjs.
import { createHash } from "node:crypto";
import { compareSync } from "bcryptjs";
import { apr1Digest } from "./apr1-crypt.ts";
import { isEqualSecret } from "../writing/constant-time.ts";
import { shaCryptDigest } from "./sha-crypt.ts";

interface Format {
  readonly pattern: RegExp;
  readonly check: (password: string, hash: string) => boolean;
  /** What stands before salt and digest: two hashes that share it cost the same. */
  readonly cost: RegExp;
}

const FORMATS: readonly Format[] = [
  {
    pattern: /^\$2[aby]\$(?:0[4-9]|1\d)\$[./\dA-Za-z]{53}$/,
    check: (password, hash) => compareSync(password, hash),
    cost: /\d\d(?=\$)/,
  },
  { pattern: /^\$apr1\$[^$]{1,8}\$[./\dA-Za-z]{22}$/, check: checkApr1, cost: /^\$apr1/ },
  {
    pattern: /^\$5\$(?:rounds=\d{1,9}\$)?[^$]{0,16}\$[./\dA-Za-z]{43}$/,
    check: checkShaCrypt,
    cost: /^\$5(?:\$rounds=\d+)?/,
  },
  {
    pattern: /^\$6\$(?:rounds=\d{1,9}\$)?[^$]{0,16}\$[./\dA-Za-z]{86}$/,
    check: checkShaCrypt,
    cost: /^\$6(?:\$rounds=\d+)?/,
  },
  { pattern: /^\{SHA\}[\dA-Za-z+/]{27}=$/, check: checkSha1, cost: /^\{SHA\}/ },
];

/**
 * Tells whether a hash has a format that can be checked: bcrypt (`$2a$`, `$2b$`, `$2y$` of cost 4 to 19), `$apr1$`, `$5$`, `$6$` and `{SHA}`.
 * Not: plain text, the DES of old Unix (eight characters count), `$1$`, `{SSHA}`, Argon2.
 */
export function isKnownHash(hash: string): boolean {
  return formatOf(hash) !== undefined;
}

/** The cost of {SHA}: so little that it is checked at once. */
export const NO_COST = "{SHA}";

/** Names what a check of this hash costs; hashes of one name cost the same. */
export function costOf(hash: string): string {
  return formatOf(hash)?.cost.exec(hash)?.[0] ?? NO_COST;
}

/** The work of some formats grows with the square of this. */
const MOST_CHARACTERS = 1024;

/**
 * Checks a password. Most formats are slow on purpose: on an event loop only by `checkPassword`.
 *
 * @param password - as the user typed it; one of more than 1024 characters is never right
 * @param hash - of a known format; with any other no password is right
 */
export function verifyPassword(password: string, hash: string): boolean {
  if (password.length > MOST_CHARACTERS) return false;
  return formatOf(hash)?.check(password, hash) ?? false;
}

function formatOf(hash: string): Format | undefined {
  return FORMATS.find(({ pattern }) => pattern.test(hash));
}

function checkApr1(password: string, hash: string): boolean {
  const [, , salt = "", digest = ""] = hash.split("$");
  return isEqualSecret(apr1Digest(password, salt), digest);
}

function checkShaCrypt(password: string, hash: string): boolean {
  const [, format, ...rest] = hash.split("$");
  const rounds = /^rounds=(\d+)$/.exec(rest[0] ?? "")?.[1];
  const [salt = "", digest = ""] = rounds === undefined ? rest : rest.slice(1);
  const algorithm = format === "5" ? "sha256" : "sha512";
  const count = rounds === undefined ? undefined : Number(rounds);
  return isEqualSecret(shaCryptDigest(algorithm, password, salt, count), digest);
}

function checkSha1(password: string, hash: string): boolean {
  return isEqualSecret(`{SHA}${createHash("sha1").update(password).digest("base64")}`, hash);
}
