// Apache's MD5 passwords, `$apr1$salt$digest`: what htpasswd -m writes. Source: Apache's apr_md5_encode, as its documentation and the
// implementation of OpenSSL (`openssl passwd -apr1`) describe it. MD5 is fast, so prefer bcrypt for new files.
import { createHash } from "node:crypto";
import { encodeCrypt } from "./crypt-base64.ts";

const ROUNDS = 1000;
const GROUPS = [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5], [11]];

/**
 * Computes the digest of a password.
 *
 * @param password - in UTF-8
 * @param salt - up to eight characters count
 * @returns what stands after the last dollar sign
 */
export function apr1Digest(password: string, salt: string): string {
  const secret = Buffer.from(password);
  const grains = Buffer.from(salt.slice(0, 8), "latin1");
  const mixed = md5(secret, grains, secret);
  const start = createHash("md5").update(secret).update("$apr1$").update(grains);
  for (let left = secret.length; left > 0; left -= 16) start.update(mixed.subarray(0, Math.min(16, left)));
  for (let bits = secret.length; bits > 0; bits >>= 1) start.update(bits % 2 === 1 ? "\0" : secret.subarray(0, 1));
  let digest: Buffer = start.digest();
  for (let round = 0; round < ROUNDS; round++) {
    const isOdd = round % 2 === 1;
    digest = md5(
      isOdd ? secret : digest,
      round % 3 === 0 ? "" : grains,
      round % 7 === 0 ? "" : secret,
      isOdd ? digest : secret,
    );
  }
  return encodeCrypt(digest, GROUPS);
}

function md5(...parts: readonly (Uint8Array | string)[]): Buffer {
  const hash = createHash("md5");
  for (const part of parts) hash.update(part);
  return hash.digest();
}
