// Answers again what was answered before, from memory. Source: RFC 9111, the part of it that a shared cache without revalidation needs;
// RFC 9211 (Cache-Status).
import type {
  HeaderList,
  Middleware,
  StartResponse,
  WSGIApplication,
  WSGIBody,
  WSGIEnvironment,
} from "../wsgi/types.ts";
import { findHeader, setHeader } from "./writing/header-fields.ts";
import { bytes, fromSection, text, within, type Configuration } from "./writing/options.ts";
import { isPersonal } from "./writing/personal.ts";
import { replaceResponse, type BodyChange, type ResponseHead } from "./writing/replace-response.ts";
import { isBypassed, lifetimeSeconds, varyNames } from "./response-cache/freshness.ts";
import { ResponseStore, type StoredResponse } from "./response-cache/store.ts";

const DEFAULT_MAX_BYTES = 67_108_864;
const DEFAULT_MAX_ENTRY_BYTES = 1_048_576;

/** How much to store. */
export interface ResponseCacheOptions {
  /** Maximum size of all stored responses per process, in bytes. @default 67108864 */
  readonly maxBytes?: number;
  /** Larger bodies are not stored, in bytes. @default 1048576 */
  readonly maxEntryBytes?: number;
  /** Name in the header Cache-Status, which says whether the cache answered; empty for no such header. @default "tsgi" */
  readonly name?: string;
  /** The clock, in milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
}

/**
 * Stores responses to GET that say how long they are fresh (`s-maxage`, `max-age` or Expires), and sends them for later requests with the
 * same URL and the same values of the headers that Vary names. It never stores `private`, `no-store` and `no-cache` responses, those with
 * Set-Cookie or `Vary: *`, those to requests with Authorization, Range or a body, and those that depend on the user (see `personalMark`). A
 * successful POST, PUT, PATCH or DELETE removes the stored responses of its URL. A response is stored when its whole body was sent.
 *
 * Everything that changes the response must be in the URL or in Vary. Therefore place middleware that interprets headers of proxies outside.
 *
 * In a pipeline: outside of the application and of `compress` (each coding is kept then, by Vary), inside of authentication, sessions,
 * `conditionalGet` and logs.
 *
 * @throws MiddlewareOptionError when a limit is not positive
 */
export function responseCache(options: ResponseCacheOptions = {}): Middleware {
  const { name = "tsgi", now = Date.now } = options;
  const maxBytes = within(options.maxBytes ?? DEFAULT_MAX_BYTES, "maxBytes", 1);
  const maxEntryBytes = within(options.maxEntryBytes ?? DEFAULT_MAX_ENTRY_BYTES, "maxEntryBytes", 1);
  return function responseCacheMiddleware(application) {
    const store = new ResponseStore(maxBytes);
    return function cached(environ, startResponse) {
      const method = environ.REQUEST_METHOD;
      const key = keyOf(environ);
      if (method !== "GET" && method !== "HEAD") return forgetting(store, key, application, environ, startResponse);
      if (isBypassed(environ) || isPersonal(environ)) return application(environ, startResponse);
      const time = now();
      const stored = store.find(key, environ, time);
      if (stored !== null) return sendStored(stored, environ, startResponse, name, time);
      if (method === "HEAD") return application(environ, startResponse);
      return replaceResponse(application, environ, startResponse, (head) => {
        const change = recording(head, environ, maxEntryBytes, now, (response, names) =>
          store.put(key, response, names, environ),
        );
        if (name !== "") addStatus(head.headers, `${name}; fwd=miss${change === null ? "" : "; stored"}`);
        return change;
      });
    };
  };
}

/** For INI files: `use = egg:tsgi#response-cache`, with the keys of {@link ResponseCacheOptions}. */
export function filterFactory(_globalConf: Configuration, localConf: Configuration): Middleware {
  return fromSection<ResponseCacheOptions>(responseCache, localConf, {
    maxBytes: bytes,
    maxEntryBytes: bytes,
    name: text,
  });
}

/** Everything that says which resource is meant. */
function keyOf(environ: WSGIEnvironment): string {
  const host = environ.HTTP_HOST ?? `${environ.SERVER_NAME}:${environ.SERVER_PORT}`;
  const { "wsgi.url_scheme": scheme, SCRIPT_NAME: script, PATH_INFO: path, QUERY_STRING: query } = environ;
  // No part but the last may hold the separator, so that no two requests share a key by moving it.
  return [scheme, host.toLowerCase(), script, path, query].map((part) => encodeURI(part)).join(" ");
}

/** Copies a response on its way, if it may be kept; null if not. */
function recording(
  { status, headers }: ResponseHead,
  environ: WSGIEnvironment,
  maxEntryBytes: number,
  now: () => number,
  keep: (response: StoredResponse, names: readonly string[]) => void,
): BodyChange | null {
  const lifetime = isPersonal(environ) ? null : lifetimeSeconds(status, headers);
  const age = Number(findHeader(headers, "age") ?? 0) || 0;
  if (lifetime === null || lifetime <= age) return null;
  if (Number(findHeader(headers, "content-length") ?? 0) > maxEntryBytes) return null;
  const kept: HeaderList = headers.map(([name, value]) => [name, value]);
  const names = varyNames(headers) ?? [];
  const bornAt = now() - age * 1000;
  let chunks: Buffer[] = [];
  let length = 0;
  return {
    kind: "watch",
    chunk(chunk) {
      length += chunk.length;
      if (length > maxEntryBytes) chunks = [];
      else chunks.push(Buffer.from(chunk)); // the owner may use its memory again
    },
    end() {
      if (length > maxEntryBytes || !isWhole(kept, length) || isPersonal(environ)) return;
      const staleAt = bornAt + lifetime * 1000;
      keep({ status, headers: kept, body: Buffer.concat(chunks), bornAt, staleAt }, names);
    },
  };
}

function isWhole(headers: HeaderList, length: number): boolean {
  const announced = findHeader(headers, "content-length");
  return announced === null || Number(announced) === length;
}

function sendStored(
  { status, headers, body, bornAt, staleAt }: StoredResponse,
  environ: WSGIEnvironment,
  startResponse: StartResponse,
  name: string,
  time: number,
): WSGIBody {
  const sent: HeaderList = headers.map(([field, value]) => [field, value]);
  setHeader(sent, "Age", String(Math.max(0, Math.floor((time - bornAt) / 1000))));
  if (!status.startsWith("204")) setHeader(sent, "Content-Length", String(body.length));
  if (name !== "") addStatus(sent, `${name}; hit; ttl=${Math.floor((staleAt - time) / 1000)}`);
  startResponse(status, sent);
  return environ.REQUEST_METHOD === "HEAD" || body.length === 0 ? [] : [body];
}

/** Each cache appends what it did (RFC 9211 section 2). */
function addStatus(headers: HeaderList, status: string): void {
  headers.push(["Cache-Status", status]);
}

/** RFC 9111 section 4.4: an unsafe request that succeeded makes what is kept worthless. */
function forgetting(
  store: ResponseStore,
  key: string,
  application: WSGIApplication,
  environ: WSGIEnvironment,
  startResponse: StartResponse,
): WSGIBody | Promise<WSGIBody> {
  if (["OPTIONS", "TRACE"].includes(environ.REQUEST_METHOD)) return application(environ, startResponse);
  return application(environ, (status, headers, excInfo) => {
    if (/^[23]/.test(status)) store.delete(key);
    return startResponse(status, headers, excInfo);
  });
}
