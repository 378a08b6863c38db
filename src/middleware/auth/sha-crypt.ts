// The SHA passwords of Unix, `$5$…` (SHA-256) and `$6$…` (SHA-512): what htpasswd -2 and -5, and `openssl passwd`, write.
// Source: Ulrich Drepper, "Unix crypt using SHA-256 and SHA-512".
import { createHash } from "node:crypto";
import { encodeCrypt } from "./crypt-base64.ts";

const USUAL_ROUNDS = 5000;
const LEAST_ROUNDS = 1000;
/** The specification allows 999,999,999, which would take minutes. */
const MOST_ROUNDS = 1_000_000;

const GROUPS = { sha256: groupsOf(30, 10, [31, 30]), sha512: groupsOf(63, 21, [63]) } as const;

/**
 * Computes the digest of a password. Takes about ten milliseconds for the usual 5000 rounds.
 *
 * @param algorithm - SHA-256 for `$5$`, SHA-512 for `$6$`
 * @param password - in UTF-8
 * @param salt - up to sixteen characters count
 * @param rounds - from 1000 to 1000000; others count as the nearest of them
 * @returns what stands after the last dollar sign
 */
export function shaCryptDigest(
  algorithm: "sha256" | "sha512",
  password: string,
  salt: string,
  rounds = USUAL_ROUNDS,
): string {
  const secret = Buffer.from(password);
  const grains = Buffer.from(salt.slice(0, 16), "latin1");
  const hash = (...parts: readonly Uint8Array[]): Buffer => {
    const state = createHash(algorithm);
    for (const part of parts) state.update(part);
    return state.digest();
  };
  const mixed = hash(secret, grains, secret);
  const parts = [secret, grains, filled(mixed, secret.length)];
  for (let bits = secret.length; bits > 0; bits >>= 1) parts.push(bits % 2 === 1 ? mixed : secret);
  let digest = hash(...parts);
  const secretBytes = filled(hash(...Array.from(secret, () => secret)), secret.length);
  const saltRepeats = 16 + (digest[0] ?? 0);
  const saltBytes = filled(hash(...Array.from({ length: saltRepeats }, () => grains)), grains.length);
  for (let round = 0; round < Math.min(MOST_ROUNDS, Math.max(LEAST_ROUNDS, rounds)); round++) {
    const steps = [round % 2 === 1 ? secretBytes : digest];
    if (round % 3 !== 0) steps.push(saltBytes);
    if (round % 7 !== 0) steps.push(secretBytes);
    steps.push(round % 2 === 1 ? digest : secretBytes);
    digest = hash(...steps);
  }
  return encodeCrypt(digest, GROUPS[algorithm]);
}

/** A pattern, repeated and cut to a length. */
function filled(pattern: Uint8Array, length: number): Buffer {
  return Buffer.alloc(length, pattern);
}

/**
 * The order in which the specification takes the bytes: three thirds of the digest, taken in turn and rotated in each group.
 *
 * @param count - bytes in whole groups
 * @param third - length of a third
 * @param last - the group at the end
 */
function groupsOf(count: number, third: number, last: readonly number[]): number[][] {
  const isWide = third === 21;
  const groups = Array.from({ length: count / 3 }, (_, index) => {
    const bytes = [index, index + third, index + 2 * third];
    // SHA-256 rotates to the right from group to group, SHA-512 to the left.
    const shift = isWide ? index % 3 : (3 - (index % 3)) % 3;
    return [...bytes.slice(shift), ...bytes.slice(0, shift)];
  });
  return [...groups, [...last]];
}
