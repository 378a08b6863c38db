// The nonces of Digest authentication: they carry their own time, signed, and each use of one counts once.
// Source: RFC 7616 sections 3.3 (nonce), 3.4 (nc) and 5.12 (replay).
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** What a nonce and its count say. */
export type NonceVerdict =
  /** Ours, young enough, and this count was not seen before. */
  | "fresh"
  /** Too old, forgotten, or made by a server that is gone: the client may try again with a new one, without asking its user. */
  | "stale"
  /** Used a second time. */
  | "refused";

const TIME_BYTES = 6;
const RANDOM_BYTES = 10;
const TAG_BYTES = 16;
/** Counts may arrive out of order by this much: browsers ask for several things at once. */
const WINDOW = 32;

interface Uses {
  highest: number;
  /** Bit n: whether `highest - n` was used. */
  seen: number;
}

/** Makes nonces and checks their use. */
export class DigestNonces {
  readonly #key: string | Uint8Array;
  readonly #lifetime: number;
  readonly #mostRemembered: number;
  readonly #now: () => number;
  /** In the order in which they were first used. */
  readonly #uses = new Map<string, Uses>();
  /** Nonces made before this time are stale, because the uses of some of them are forgotten. */
  #forgottenUntil = 0;

  /**
   * @param key - signs the nonces; the same in all workers
   * @param lifetimeSeconds - how long a nonce counts
   * @param mostRemembered - nonces whose uses are remembered; when there are more, the oldest become stale
   * @param now - the clock, milliseconds since 1970 @default Date.now
   */
  constructor(key: string | Uint8Array, lifetimeSeconds: number, mostRemembered: number, now: () => number = Date.now) {
    this.#key = key;
    this.#lifetime = lifetimeSeconds * 1000;
    this.#mostRemembered = mostRemembered;
    this.#now = now;
  }

  /** Makes a nonce. */
  create(): string {
    const body = Buffer.alloc(TIME_BYTES + RANDOM_BYTES);
    body.writeUIntBE(this.#now(), 0, TIME_BYTES);
    randomBytes(RANDOM_BYTES).copy(body, TIME_BYTES);
    return Buffer.concat([body, this.#tag(body)]).toString("base64url");
  }

  /** Tells how old a nonce is, without counting a use. */
  check(nonce: string): NonceVerdict {
    const madeAt = this.#madeAt(nonce);
    if (madeAt === null) return "stale";
    const age = this.#now() - madeAt;
    return age >= 0 && age <= this.#lifetime && madeAt >= this.#forgottenUntil ? "fresh" : "stale";
  }

  /**
   * Counts a use; to be called once the credentials are known to be right, so that nobody uses up the counts of others.
   *
   * @param count - nc, from 1
   */
  use(nonce: string, count: number): NonceVerdict {
    const verdict = this.check(nonce);
    if (verdict !== "fresh") return verdict;
    if (count < 1) return "refused";
    const uses = this.#uses.get(nonce);
    if (uses === undefined) {
      this.#remember(nonce, { highest: count, seen: 1 });
      return "fresh";
    }
    if (count > uses.highest) {
      const shift = count - uses.highest;
      uses.seen = shift >= WINDOW ? 1 : ((uses.seen << shift) | 1) >>> 0;
      uses.highest = count;
      return "fresh";
    }
    const behind = uses.highest - count;
    if (behind >= WINDOW || ((uses.seen >>> behind) & 1) === 1) return "refused";
    uses.seen = (uses.seen | (1 << behind)) >>> 0;
    return "fresh";
  }

  #remember(nonce: string, uses: Uses): void {
    if (this.#uses.size >= this.#mostRemembered) {
      for (const known of this.#uses.keys()) if (this.check(known) === "stale") this.#uses.delete(known);
      const [oldest] = this.#uses.keys();
      if (this.#uses.size >= this.#mostRemembered && oldest !== undefined) {
        this.#forgottenUntil = Math.max(this.#forgottenUntil, (this.#madeAt(oldest) ?? 0) + 1);
        this.#uses.delete(oldest);
      }
    }
    this.#uses.set(nonce, uses);
  }

  #madeAt(nonce: string): number | null {
    const bytes = Buffer.from(nonce, "base64url");
    if (bytes.length !== TIME_BYTES + RANDOM_BYTES + TAG_BYTES || bytes.toString("base64url") !== nonce) return null;
    const body = bytes.subarray(0, TIME_BYTES + RANDOM_BYTES);
    return timingSafeEqual(bytes.subarray(body.length), this.#tag(body)) ? body.readUIntBE(0, TIME_BYTES) : null;
  }

  #tag(body: Uint8Array): Buffer {
    return createHmac("sha256", this.#key).update(body).digest().subarray(0, TAG_BYTES);
  }
}
