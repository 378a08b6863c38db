// What may be stored, and for how long it is fresh. Source: RFC 9111 sections 3 (storing), 3.5 (Authorization), 4.2 (freshness), 5.2
// (Cache-Control); a shared cache, without heuristics: what does not say how long it is fresh is not kept.
import type { HeaderList, WSGIEnvironment } from "../../wsgi/types.ts";
import { parseHttpDate } from "../conditional-get.ts";
import { findHeader } from "../writing/header-fields.ts";

/** Final statuses that are understood (RFC 9111 section 3); 206 is not. */
const STORABLE = new Set(["200", "203", "204", "300", "301", "308", "404", "405", "410", "414", "451", "501"]);

/** The headers that the environ has without `HTTP_` (RFC 3875 section 4.1). */
const OWN_NAMES = new Set(["CONTENT_TYPE", "CONTENT_LENGTH"]);

/** Directives in lower case; null for one without a value. Repeated ones count as the first. */
export type Directives = ReadonlyMap<string, string | null>;

/** Reads all Cache-Control values (joined by commas). */
export function parseDirectives(value: string): Directives {
  const directives = new Map<string, string | null>();
  for (const [, name = "", quoted, token] of value.matchAll(/([\w-]+)(?:\s*=\s*(?:"([^"]*)"|([^\s,]*)))?/g)) {
    if (!directives.has(name.toLowerCase())) directives.set(name.toLowerCase(), quoted ?? token ?? null);
  }
  return directives;
}

/** Tells whether the request wants nothing to do with a cache, or is one that this cache leaves alone. */
export function isBypassed(environ: WSGIEnvironment): boolean {
  if (environ["HTTP_AUTHORIZATION"] !== undefined || environ["HTTP_RANGE"] !== undefined) return true;
  if (hasBody(environ)) return true;
  const asked = environ["HTTP_CACHE_CONTROL"];
  if (typeof asked !== "string") return environ["HTTP_PRAGMA"] === "no-cache";
  const directives = parseDirectives(asked);
  return directives.has("no-store") || directives.has("no-cache") || directives.get("max-age") === "0";
}

/** What a body of a GET means is the application's affair (RFC 9110 section 9.3.1); it is no part of the key. */
function hasBody(environ: WSGIEnvironment): boolean {
  return Number(environ.CONTENT_LENGTH ?? 0) > 0 || environ["HTTP_TRANSFER_ENCODING"] !== undefined;
}

/**
 * Tells for how long a response may be given to anybody.
 *
 * @returns seconds since its birth; null when it must not be kept
 */
export function lifetimeSeconds(status: string, headers: HeaderList): number | null {
  if (!STORABLE.has(status.slice(0, 3)) || findHeader(headers, "set-cookie") !== null) return null;
  if (varyNames(headers) === null) return null;
  const fields = headers.filter(([name]) => name.toLowerCase() === "cache-control").map(([, value]) => value);
  const directives = parseDirectives(fields.join(","));
  if (["no-store", "private", "no-cache"].some((name) => directives.has(name))) return null;
  for (const name of ["s-maxage", "max-age"]) {
    const value = directives.get(name);
    // A value that is no number makes the response stale (RFC 9111 section 4.2.1).
    if (value !== undefined) return value !== null && /^\d+$/.test(value) ? Number(value) : null;
  }
  const expires = parseHttpDate(findHeader(headers, "expires") ?? "");
  if (expires === null) return null;
  const date = parseHttpDate(findHeader(headers, "date") ?? "") ?? Date.now();
  return Math.max(0, (expires - date) / 1000);
}

/** The keys of the environ for the headers that Vary names; null for `*`. */
export function varyNames(headers: HeaderList): string[] | null {
  const names = headers
    .filter(([name]) => name.toLowerCase() === "vary")
    .flatMap(([, value]) => value.split(","))
    .map((name) => name.trim())
    .filter((name) => name !== "");
  if (names.includes("*")) return null;
  return names
    .map((name) => name.toUpperCase().replaceAll("-", "_"))
    .map((name) => (OWN_NAMES.has(name) ? name : `HTTP_${name}`));
}
