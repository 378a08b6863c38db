// Checks a password against a hash as htpasswd and crypt(3) write it. Source: Apache, "Password Formats"; each format in its own file,
// bcrypt in bcryptjs.
import { createHash } from "node:crypto";
import { compare } from "bcryptjs";
import { apr1Digest } from "./apr1-crypt.ts";
import { isEqualSecret } from "./constant-time.ts";
import { shaCryptDigest } from "./sha-crypt.ts";

/** Checks a password against a hash of one format. */
type Check = (password: string, hash: string) => boolean | Promise<boolean>;

const FORMATS: readonly [pattern: RegExp, check: Check][] = [
  [/^\$2[aby]\$(?:0[4-9]|1\d)\$[./\dA-Za-z]{53}$/, (password, hash) => compare(password, hash)],
  [/^\$apr1\$[^$]{1,8}\$[./\dA-Za-z]{22}$/, checkApr1],
  [/^\$5\$(?:rounds=\d{1,9}\$)?[^$]{0,16}\$[./\dA-Za-z]{43}$/, checkShaCrypt],
  [/^\$6\$(?:rounds=\d{1,9}\$)?[^$]{0,16}\$[./\dA-Za-z]{86}$/, checkShaCrypt],
  [/^\{SHA\}[\dA-Za-z+/]{27}=$/, checkSha1],
];

/**
 * Tells whether a hash has a format that can be checked: bcrypt (`$2a$`, `$2b$`, `$2y$` of cost 4 to 19), `$apr1$`, `$5$`, `$6$` and `{SHA}`.
 * Not: plain text, the DES of old Unix (eight characters count), `$1$`, `{SSHA}`, Argon2.
 */
export function isKnownHash(hash: string): boolean {
  return FORMATS.some(([pattern]) => pattern.test(hash));
}

/** The work of some formats grows with the square of this. */
const MOST_CHARACTERS = 1024;

/**
 * Checks a password.
 *
 * @param password - as the user typed it; one of more than 1024 characters is never right
 * @param hash - of a known format; with any other no password is right
 */
export function verifyPassword(password: string, hash: string): boolean | Promise<boolean> {
  if (password.length > MOST_CHARACTERS) return false;
  return FORMATS.find(([pattern]) => pattern.test(hash))?.[1](password, hash) ?? false;
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
