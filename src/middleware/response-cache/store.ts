// What a response cache keeps, within a bound: the URL that was longest unused goes first, and of one URL with too many variants the one
// that was longest unused. A JavaScript Map keeps the order of insertion, so that its first key is the oldest. Source: RFC 9111 sections
// 2, 4.1 (Vary) and 4.4 (invalidation).
import type { HeaderList, WSGIEnvironment } from "../../wsgi/types.ts";

/** Objects and strings beside the body, roughly. */
const OVERHEAD_BYTES = 512;
/** Of one URL. What names variants is the client's to choose. */
const MOST_VARIANTS = 64;
/** Names in the Vary of one URL; an application that gives more means that nothing should be kept. */
const MOST_NAMES = 16;

/** One stored response. */
export interface StoredResponse {
  readonly status: string;
  readonly headers: HeaderList;
  readonly body: Buffer;
  /** Milliseconds since 1970 when it was received, less the Age that it came with. */
  readonly bornAt: number;
  /** Milliseconds since 1970 after which it is stale. */
  readonly staleAt: number;
}

/** The responses of one URL. */
interface Resource {
  /** Keys of the environ that tell its variants apart: all that the Vary of any of them has named. */
  readonly names: readonly string[];
  readonly variants: Map<string, { readonly response: StoredResponse; readonly bytes: number }>;
}

/** Keeps responses by key and variant. */
export class ResponseStore {
  readonly #maxBytes: number;
  readonly #resources = new Map<string, Resource>();
  #bytes = 0;

  /** @param maxBytes - bound for all bodies and headers together */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The fresh response for a request, or null; a stale one is dropped on the way. */
  find(key: string, environ: WSGIEnvironment, now: number): StoredResponse | null {
    const resource = this.#resources.get(key);
    if (resource === undefined) return null;
    const variant = variantOf(resource.names, environ);
    const kept = resource.variants.get(variant);
    if (kept === undefined) return null;
    this.#drop(key, resource, variant);
    if (kept.response.staleAt <= now) return null;
    this.#keep(key, resource, variant, kept);
    return kept.response;
  }

  /**
   * Keeps a response in the place of the one of the same variant.
   *
   * @param names - the keys of the environ for the headers that its Vary names
   */
  put(key: string, response: StoredResponse, names: readonly string[], environ: WSGIEnvironment): void {
    const known = this.#resources.get(key);
    const all = [...new Set([...(known?.names ?? []), ...names])];
    if (all.length > MOST_NAMES) {
      this.delete(key);
      return;
    }
    // Variants that were told apart by less cannot be found by more.
    if (known !== undefined && all.length > known.names.length) this.delete(key);
    const resource = this.#resources.get(key) ?? { names: all, variants: new Map() };
    const variant = variantOf(resource.names, environ);
    this.#drop(key, resource, variant);
    this.#keep(key, resource, variant, { response, bytes: sizeOf(key, variant, response) });
    if (resource.variants.size > MOST_VARIANTS) this.#drop(key, resource, oldestOf(resource.variants));
    while (this.#bytes > this.#maxBytes) this.delete(oldestOf(this.#resources));
  }

  /** Forgets all variants. */
  delete(key: string): void {
    const resource = this.#resources.get(key);
    this.#resources.delete(key);
    for (const { bytes } of resource?.variants.values() ?? []) this.#bytes -= bytes;
  }

  #drop(key: string, { variants }: Resource, variant: string): void {
    this.#bytes -= variants.get(variant)?.bytes ?? 0;
    variants.delete(variant);
    if (variants.size === 0) this.#resources.delete(key);
  }

  /** Puts variant and key at the end of the order of use. */
  #keep(key: string, resource: Resource, variant: string, kept: { response: StoredResponse; bytes: number }): void {
    resource.variants.set(variant, kept);
    this.#bytes += kept.bytes;
    this.#resources.delete(key);
    this.#resources.set(key, resource);
  }
}

/** The first key of a map that is not empty. */
function oldestOf(map: ReadonlyMap<string, unknown>): string {
  const [oldest = ""] = map.keys();
  return oldest;
}

/** No value of a header holds a line end. */
function variantOf(names: readonly string[], environ: WSGIEnvironment): string {
  let variant = "";
  for (const name of names) {
    const value = environ[name];
    variant += typeof value === "string" ? `=${value}\n` : "\n";
  }
  return variant;
}

function sizeOf(key: string, variant: string, { headers, body }: StoredResponse): number {
  let bytes = OVERHEAD_BYTES + key.length + variant.length + body.length;
  for (const [name, value] of headers) bytes += name.length + value.length;
  return bytes;
}
