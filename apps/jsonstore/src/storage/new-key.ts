// Keys that the store makes: later ones come later in the alphabet, also those of one process in the same millisecond, and no two
// processes make the same.
import { randomBytes } from "node:crypto";

const RADIX = 36;
let last = 0;

/** Returns a key of 18 letters and digits: ten of the time, eight of chance. */
export function newKey(now = Date.now()): string {
  // A clock that goes back, or a second key in one millisecond: the next number all the same.
  last = Math.max(now * 16, last + 1);
  const time = last.toString(RADIX).padStart(10, "0");
  const chance = (randomBytes(6).readUIntBE(0, 6) % RADIX ** 8).toString(RADIX).padStart(8, "0");
  return `${time}${chance}`;
}
