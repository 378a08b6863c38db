// Compares secrets without telling by the time how much of them was right, nor how long they are.
// Source: node:crypto's timingSafeEqual, which wants equal lengths; so the comparison is one of keyed digests.
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

const key = randomBytes(32);

/** Tells whether two texts are equal. */
export function isEqualSecret(left: string, right: string): boolean {
  return timingSafeEqual(digestSecret(left), digestSecret(right));
}

/** Gives a digest of a secret that means nothing outside of this process: what may be kept in a cache. */
export function digestSecret(text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
