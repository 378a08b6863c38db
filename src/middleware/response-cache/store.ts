// What a response cache keeps, within a bound: the entry that was longest unused goes first. A JavaScript Map keeps the order of insertion,
// so that its first key is the oldest. Source: RFC 9111 sections 2, 4.1 (Vary) and 4.4 (invalidation).
import type { HeaderList, WSGIEnvironment } from "../../wsgi/types.ts";

/** Objects and strings beside the body, roughly. */
const OVERHEAD_BYTES = 512;

/** One stored response. */
export interface StoredResponse {
  readonly status: string;
  readonly headers: HeaderList;
  readonly body: Buffer;
  /** The request's values of the headers that Vary names, by key of the environ. */
  readonly variant: ReadonlyMap<string, unknown>;
  /** Milliseconds since 1970 when it was received, less the Age that it came with. */
  readonly bornAt: number;
  /** Milliseconds since 1970 after which it is stale. */
  readonly staleAt: number;
}

/** Keeps responses by key and variant. */
export class ResponseStore {
  readonly #maxBytes: number;
  readonly #entries = new Map<string, StoredResponse[]>();
  #bytes = 0;

  /** @param maxBytes - bound for all bodies and headers together */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The fresh response for a request, or null; stale ones are dropped on the way. */
  find(key: string, environ: WSGIEnvironment, now: number): StoredResponse | null {
    const all = this.#entries.get(key);
    if (all === undefined) return null;
    const fresh = all.filter(({ staleAt }) => staleAt > now);
    this.#replace(key, fresh);
    return fresh.find(({ variant }) => isVariantOf(variant, environ)) ?? null;
  }

  /** Keeps a response in the place of the one of the same variant. */
  put(key: string, response: StoredResponse, environ: WSGIEnvironment): void {
    const others = (this.#entries.get(key) ?? []).filter(({ variant }) => !isVariantOf(variant, environ));
    this.#replace(key, [response, ...others]);
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.delete(oldest);
    }
  }

  /** Forgets all variants. */
  delete(key: string): void {
    this.#replace(key, []);
  }

  /** Puts the key at the end of the order of use. */
  #replace(key: string, responses: StoredResponse[]): void {
    for (const response of this.#entries.get(key) ?? []) this.#bytes -= sizeOf(key, response);
    this.#entries.delete(key);
    if (responses.length === 0) return;
    for (const response of responses) this.#bytes += sizeOf(key, response);
    this.#entries.set(key, responses);
  }
}

function isVariantOf(variant: ReadonlyMap<string, unknown>, environ: WSGIEnvironment): boolean {
  for (const [key, value] of variant) if (environ[key] !== value) return false;
  return true;
}

function sizeOf(key: string, { headers, body, variant }: StoredResponse): number {
  let bytes = OVERHEAD_BYTES + key.length + body.length;
  for (const [name, value] of headers) bytes += name.length + value.length;
  for (const value of variant.values()) bytes += String(value).length;
  return bytes;
}
