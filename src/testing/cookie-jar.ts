// The cookies that a client keeps, and when it sends them back. Source: RFC 6265 sections 5.1, 5.3 and 5.4; RFC 6265bis for
// the name prefixes. Left out, because tests do not need it: public suffixes, SameSite, limits on number.

import { parseSetCookie } from "cookie-es";
import type { RequestTarget } from "./request-target.ts";

/** A cookie in the jar. */
export interface StoredCookie {
  readonly name: string;
  /** As received: not decoded. */
  readonly value: string;
  readonly domain: string;
  /** True if the response named no domain: the cookie is sent to exactly this host. */
  readonly isHostOnly: boolean;
  readonly path: string;
  /** Milliseconds since 1970, or null for a cookie of the session. */
  readonly expiresAt: number | null;
  readonly isSecure: boolean;
  readonly isHttpOnly: boolean;
}

/** Selects a cookie if several have the same name. */
export interface CookieScope {
  readonly domain?: string;
  readonly path?: string;
}

/** Keeps cookies between requests, as a browser does. */
export class CookieJar implements Iterable<StoredCookie> {
  readonly #cookies = new Map<string, StoredCookie>();
  readonly #now: () => number;

  /** @param now - the clock, milliseconds since 1970 @default Date.now */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** The value of a cookie, or undefined. */
  get(name: string, scope: CookieScope = {}): string | undefined {
    for (const cookie of this) {
      if (cookie.name === name && isInScope(cookie, scope)) return cookie.value;
    }
    return undefined;
  }

  /** Adds a cookie, as if the user had it from an earlier visit. @default the path is `/`, the domain `localhost` */
  set(name: string, value: string, scope: CookieScope = {}): void {
    const { domain = "localhost", path = "/" } = scope;
    const flags = { isHostOnly: true, expiresAt: null, isSecure: false, isHttpOnly: false };
    this.#put({ name, value, domain: domain.toLowerCase(), path, ...flags });
  }

  /** Removes all cookies of a name within the scope. */
  delete(name: string, scope: CookieScope = {}): void {
    for (const [key, cookie] of this.#cookies) {
      if (cookie.name === name && isInScope(cookie, scope)) this.#cookies.delete(key);
    }
  }

  clear(): void {
    this.#cookies.clear();
  }

  /** The cookies that have not expired. */
  *[Symbol.iterator](): Iterator<StoredCookie> {
    const now = this.#now();
    for (const cookie of this.#cookies.values()) {
      if (cookie.expiresAt === null || cookie.expiresAt > now) yield cookie;
    }
  }

  /** Stores the Set-Cookie headers of a response from `target`; cookies that this host may not set are ignored. */
  store(lines: readonly string[], target: RequestTarget): void {
    for (const line of lines) {
      const cookie = acceptCookie(line, target, this.#now());
      if (cookie) this.#put(cookie);
    }
  }

  /** Returns the value of the Cookie header for a request to `target`, or null. */
  headerFor(target: RequestTarget): string | null {
    const host = hostName(target);
    const fitting = [...this].filter(
      (cookie) =>
        (cookie.isHostOnly ? host === cookie.domain : isDomainMatch(host, cookie.domain)) &&
        isPathMatch(target.path, cookie.path) &&
        (!cookie.isSecure || target.scheme === "https"),
    );
    // RFC 6265 §5.4: longer paths first; the sort is stable, so that older cookies stay before younger ones.
    fitting.sort((a, b) => b.path.length - a.path.length);
    return fitting.length > 0 ? fitting.map(({ name, value }) => (name ? `${name}=${value}` : value)).join("; ") : null;
  }

  #put(cookie: StoredCookie): void {
    this.#cookies.set(`${cookie.domain};${cookie.path};${cookie.name}`, cookie);
  }
}

function acceptCookie(line: string, target: RequestTarget, now: number): StoredCookie | null {
  const parsed = parseSetCookie(line, { decode: false });
  if (!parsed) return null;
  const host = hostName(target);
  const { name, value, domain, maxAge, expires } = parsed;
  if (domain && !isDomainMatch(host, domain)) return null;
  const isSecure = parsed.secure === true;
  if (name.startsWith("__Secure-") && !isSecure) return null;
  if (name.startsWith("__Host-") && !(isSecure && !domain && parsed.path === "/")) return null;
  return {
    name,
    value,
    domain: domain ?? host,
    isHostOnly: !domain,
    path: parsed.path?.startsWith("/") ? parsed.path : defaultPath(target.path),
    // RFC 6265 §5.3 step 3: Max-Age wins over Expires.
    expiresAt: maxAge === undefined ? (expires?.getTime() ?? null) : now + maxAge * 1000,
    isSecure,
    isHttpOnly: parsed.httpOnly === true,
  };
}

function isInScope(cookie: StoredCookie, { domain, path }: CookieScope): boolean {
  return (domain === undefined || cookie.domain === domain) && (path === undefined || cookie.path === path);
}

function hostName(target: RequestTarget): string {
  return target.host.replace(/:\d*$/, "").toLowerCase();
}

// RFC 6265 §5.1.3; an address has no sub-domains.
function isDomainMatch(host: string, domain: string): boolean {
  return host === domain || (host.endsWith(`.${domain}`) && !/^[\d.]+$/.test(host));
}

// RFC 6265 §5.1.4
function isPathMatch(path: string, cookiePath: string): boolean {
  if (!path.startsWith(cookiePath)) return false;
  return path.length === cookiePath.length || cookiePath.endsWith("/") || path[cookiePath.length] === "/";
}

function defaultPath(path: string): string {
  const end = path.lastIndexOf("/");
  return end <= 0 ? "/" : path.slice(0, end);
}
