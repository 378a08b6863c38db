// Text that comes back from a client only as it was given out: signed (readable) or encrypted, with the time at which it was sealed.
// Source: RFC 2104 (HMAC), RFC 5869 (HKDF), NIST SP 800-38D (GCM).
//
//   s.TEXT.TIME.MAC        TEXT in base64url, TIME in seconds in base 36, MAC = HMAC-SHA256 of "s.TEXT.TIME"
//   e.BOX.TIME             BOX = nonce, ciphertext and tag of AES-256-GCM, with "e.TIME" as what else is covered
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, timingSafeEqual } from "node:crypto";
import { MiddlewareOptionError } from "../errors.ts";

/** What a seal held. */
export interface OpenedText {
  readonly text: string;
  /** When it was sealed, in seconds since 1970. */
  readonly sealedAt: number;
}

const SHORTEST_SECRET = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

interface Keys {
  readonly signing: Buffer;
  readonly encryption: Buffer;
}

/** Seals texts for one purpose; a seal for another purpose, or with another key, does not open. */
export class TextSealer {
  readonly #keys: readonly [Keys, ...Keys[]];
  readonly #isEncrypted: boolean;

  /**
   * @param secrets - of 32 characters or more; the first seals, all of them open, so that a new one can be put in front of an old one
   * @param purpose - for example the name of a cookie
   * @param isEncrypted - whether the text is hidden from the client
   * @throws MiddlewareOptionError when a secret is missing or short
   */
  constructor(secrets: string | readonly string[], purpose: string, isEncrypted: boolean) {
    const [first, ...others] = typeof secrets === "string" ? [secrets] : secrets;
    if (first === undefined) throw new MiddlewareOptionError('Option "secrets" is empty; expected one or more secrets');
    this.#keys = [deriveKeys(first, purpose), ...others.map((secret) => deriveKeys(secret, purpose))];
    this.#isEncrypted = isEncrypted;
  }

  /** @param now - seconds since 1970 */
  seal(text: string, now: number): string {
    const [keys] = this.#keys;
    const time = Math.floor(now).toString(36);
    if (this.#isEncrypted) return `e.${encrypt(text, keys.encryption, `e.${time}`).toString("base64url")}.${time}`;
    const signed = `s.${Buffer.from(text).toString("base64url")}.${time}`;
    return `${signed}.${macOf(signed, keys.signing).toString("base64url")}`;
  }

  /** @returns null when it was not sealed here, or changed since */
  open(sealed: string): OpenedText | null {
    const [kind, box = "", time = "", mac = "", ...rest] = sealed.split(".");
    const sealedAt = Number.parseInt(time, 36);
    if (
      rest.length > 0 ||
      (this.#isEncrypted && mac !== "") ||
      !/^[\da-z]{1,10}$/.test(time) ||
      kind !== (this.#isEncrypted ? "e" : "s")
    )
      return null;
    for (const keys of this.#keys) {
      const text = this.#isEncrypted
        ? decrypt(Buffer.from(box, "base64url"), keys.encryption, `e.${time}`)
        : openSigned(box, time, mac, keys.signing);
      if (text !== null) return { text, sealedAt };
    }
    return null;
  }
}

function deriveKeys(secret: string, purpose: string): Keys {
  if (secret.length < SHORTEST_SECRET) {
    throw new MiddlewareOptionError(
      `A secret of ${secret.length} characters is easily guessed; expected ${SHORTEST_SECRET} or more random ones`,
    );
  }
  const derive = (use: string): Buffer => Buffer.from(hkdfSync("sha256", secret, "", `tsgi ${use} ${purpose}`, 32));
  return { signing: derive("signing"), encryption: derive("encryption") };
}

function macOf(text: string, key: Uint8Array): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function openSigned(box: string, time: string, mac: string, key: Uint8Array): string | null {
  const given = Buffer.from(mac, "base64url");
  const expected = macOf(`s.${box}.${time}`, key);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
  return Buffer.from(box, "base64url").toString("utf8");
}

function encrypt(text: string, key: Uint8Array, covered: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(covered));
  return Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(box: Buffer, key: Uint8Array, covered: string): string | null {
  if (box.length < NONCE_BYTES + TAG_BYTES) return null;
  const nonce = box.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES })
    .setAAD(Buffer.from(covered))
    .setAuthTag(box.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(box.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString("utf8");
  } catch {
    return null; // the tag does not fit
  }
}
