// Requests to the store. Bodies and values are texts; nothing is parsed into objects of JavaScript on the way.
import type { Path } from "../src/text/pointer.ts";
import { parseListing, type Listing } from "./listing.ts";
import { nodeAddress, withQuery } from "./node-address.ts";

/** Something read, the tag that belongs to it, and the number of the last write in it. */
export interface Versioned<T> {
  readonly value: T;
  readonly tag: string;
  readonly version: number;
}

/** A part of a level. */
export interface ListingQuery {
  readonly limit: number;
  /** What `next` gave. */
  readonly after?: string;
  /** Children to pass over. */
  readonly offset?: number;
  /** Beginning of the keys that are wanted. */
  readonly prefix?: string;
}

/** A change. Its condition is part of it: nothing is written blindly. */
export interface WriteRequest {
  readonly method: "PUT" | "PATCH" | "DELETE";
  readonly path: Path;
  readonly body?: string;
  readonly condition: { readonly ifMatch: string } | { readonly ifNoneMatch: "*" };
}

/** The store has refused something. */
export class Refusal extends Error {
  readonly status: number;
  /** Code of the problem. */
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** A text is longer than was asked for. */
export class TooLong extends Error {}

const JSON_PATCH = "application/json-patch+json";

/** Asks one store. */
export class StoreClient {
  /** Origin and mount of the store, without a slash at the end. */
  readonly base: string;
  readonly #token: () => string | null;

  constructor(base: string, token: () => string | null) {
    this.base = base;
    this.#token = token;
  }

  /** Reads a part of a level. */
  async listing(path: Path, query: ListingQuery): Promise<Versioned<Listing>> {
    const words = [`children&limit=${query.limit}`];
    if (query.after !== undefined) words.push(`after=${encodeURIComponent(query.after)}`);
    if (query.offset !== undefined && query.offset > 0) words.push(`offset=${query.offset}`);
    if (query.prefix !== undefined) words.push(`prefix=${encodeURIComponent(query.prefix)}`);
    const response = await this.#send(path, words.join("&"), {});
    return { value: parseListing(await response.text()), ...factsOf(response) };
  }

  /**
   * Reads the text of a node.
   *
   * @param most - characters
   * @throws TooLong when it has more
   */
  async text(path: Path, most: number): Promise<Versioned<string>> {
    const stop = new AbortController();
    const response = await this.#send(path, "", { signal: stop.signal, headers: { Accept: "application/json" } });
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    const reader = response.body?.getReader();
    let value = "";
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
      value += decoder.decode(part.value, { stream: true });
      if (value.length <= most) continue;
      stop.abort();
      throw new TooLong("The text is too long to be kept here");
    }
    return { value: value + decoder.decode(), ...factsOf(response) };
  }

  /** Returns the tag of a node; null when there is none. */
  async tag(path: Path): Promise<string | null> {
    try {
      return factsOf(await this.#send(path, "", { method: "HEAD", headers: { Accept: "application/json" } })).tag;
    } catch (error) {
      if (error instanceof Refusal && error.status === 404) return null;
      throw error;
    }
  }

  /** Changes something. The tag is "" when the answer has none. */
  async write({
    method,
    path,
    body,
    condition,
  }: WriteRequest): Promise<{ readonly tag: string; readonly version: number }> {
    const headers: Record<string, string> =
      "ifMatch" in condition ? { "If-Match": `"${condition.ifMatch}"` } : { "If-None-Match": "*" };
    if (method !== "DELETE") headers["Content-Type"] = method === "PATCH" ? JSON_PATCH : "application/json";
    return factsOf(await this.#send(path, "", { method, headers, ...(body !== undefined && { body }) }));
  }

  /** Opens the stream of changes below a node. */
  async watch(path: Path, lastEventId: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array> | null> {
    const headers: Record<string, string> = { Accept: "text/event-stream" };
    if (lastEventId !== "") headers["Last-Event-ID"] = lastEventId;
    const { body, headers: answered } = await this.#send(path, "", { headers, signal });
    return answered.get("Content-Type")?.startsWith("text/event-stream") === true ? body : null;
  }

  async #send(path: Path, query: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    const token = this.#token();
    if (token !== null) headers.set("Authorization", `Bearer ${token}`);
    // With the origin: a path may start with two slashes, which alone would name another host.
    const url = withQuery(nodeAddress(this.base, path), query);
    const response = await fetch(url, { ...init, headers, cache: "no-store", redirect: "error" });
    if (response.ok) return response;
    throw await refusalOf(response);
  }
}

function factsOf({ headers }: Response): { readonly tag: string; readonly version: number } {
  // Compression on the way makes a tag weak; the text behind it is the same. What follows a tilde names another representation.
  const tag = /^(?:W\/)?"([^"~]*)/.exec(headers.get("ETag") ?? "")?.[1] ?? "";
  return { tag, version: Number(headers.get("Document-Version") ?? 0) };
}

async function refusalOf(response: Response): Promise<Refusal> {
  const { status } = response;
  let problem: { type?: string; title?: string; detail?: string } = {};
  try {
    if (response.headers.get("Content-Type")?.includes("json") === true) problem = await response.json();
  } catch {
    // Something between us and the store has answered.
  }
  const code = /problem=([a-z-]+)$/.exec(problem.type ?? "")?.[1] ?? "";
  return new Refusal(status, code, problem.detail ?? problem.title ?? `The server has answered ${status}`);
}
