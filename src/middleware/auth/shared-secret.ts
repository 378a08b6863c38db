// A secret that all workers of a server have in common, for what one of them signs and another one checks. The arbiter makes it and hands
// it to its workers, so it lives as long as the server; a program that serves by itself has one of its own.
// Source: RFC 5869 (HKDF), so that what is made for one purpose is worth nothing for another.
import { hkdfSync, randomBytes } from "node:crypto";

/** An application may have a copy of this package of its own, so the secret does not live in a module. */
const PLACE = Symbol.for("tsgi.shared-secret");
const KEY_BYTES = 32;

const holder = globalThis as { [PLACE]?: string }; // no key of ours has another type

/** Makes a secret for a server. */
export function createSecret(): string {
  return randomBytes(KEY_BYTES).toString("base64url");
}

/** Takes the secret of the server over, before the application is loaded. */
export function shareSecret(secret: string): void {
  holder[PLACE] = secret;
}

/** Gives a key for one purpose, the same one in all workers. */
export function sharedKey(purpose: string): Uint8Array {
  holder[PLACE] ??= createSecret();
  return new Uint8Array(hkdfSync("sha256", holder[PLACE], "", purpose, KEY_BYTES));
}
