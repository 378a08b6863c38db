// The cookies of middleware: read from the request, written into the head of the response. Source: RFC 6265 and 6265bis; cookie-es does
// the parsing and writing.
import { parse, serialize } from "cookie-es";
import type { HeaderList, WSGIEnvironment } from "../../wsgi/types.ts";
import { addressOfPath } from "../writing/configured-path.ts";
import { MiddlewareOptionError } from "../errors.ts";
import { addVary } from "../writing/header-fields.ts";
import { flag, oneOf, text } from "../writing/options.ts";
import { refuseSharedCaches } from "../writing/personal.ts";

/** Attributes of a cookie. */
export interface CookieOptions {
  /** Name of the cookie. */
  readonly cookieName?: string;
  /** Path at and below which the browser sends it. @default "/" */
  readonly cookiePath?: string;
  /** Domain including all subdomains. @default only the host that sets it */
  readonly cookieDomain?: string;
  /** Whether the browser sends it with requests from other sites. @default "lax" */
  readonly sameSite?: "strict" | "lax" | "none";
  /** Whether it goes over https only. @default as the request came; true where browsers take the cookie for no other reason */
  readonly secure?: boolean;
  /** Whether a page that embeds this one has its own (CHIPS): for https, mostly with `sameSite: "none"`. @default false */
  readonly partitioned?: boolean;
}

/** Readers of these options for INI files. */
export const COOKIE_READERS = {
  cookieName: text,
  cookiePath: text,
  cookieDomain: text,
  sameSite: oneOf("strict", "lax", "none"),
  secure: flag,
  partitioned: flag,
} as const;

/** One cookie; scripts in the browser never see it. */
export class Cookie {
  readonly name: string;
  readonly #options: CookieOptions;
  readonly #mustBeSecure: boolean;

  /** @throws MiddlewareOptionError when no browser would take the cookie */
  constructor(name: string, options: CookieOptions) {
    this.name = name;
    this.#options = options;
    const { secure: isSecure, sameSite, partitioned: isPartitioned = false, cookiePath = "/", cookieDomain } = options;
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
      throw new MiddlewareOptionError(`Option "cookieName" is "${name}"; expected letters, digits and "-_."`);
    }
    if (/^__host-/i.test(name) && (isSecure === false || cookiePath !== "/" || cookieDomain !== undefined)) {
      throw new MiddlewareOptionError(
        `Option "cookieName" is "${name}"; expected no domain, the path "/", and "secure" not to be false with it`,
      );
    }
    // Browsers refuse such a cookie without Secure (RFC 6265bis section 5.7; CHIPS).
    this.#mustBeSecure = sameSite === "none" || isPartitioned || /^__(?:secure|host|http)-/i.test(name);
    if (this.#mustBeSecure && isSecure === false) {
      throw new MiddlewareOptionError(
        `Cookie "${name}" is for https only, by its name, sameSite "none" or "partitioned"; expected "secure" not to be false`,
      );
    }
  }

  /** Gives the value that the browser sent, or null. */
  read(environ: WSGIEnvironment): string | null {
    const header = environ.HTTP_COOKIE;
    if (header === undefined || !header.includes(this.name)) return null;
    return parse(header, { filter: (name) => name === this.name })[this.name] ?? null;
  }

  /** Gives the value of Set-Cookie. @param maxAgeSeconds - how long the browser keeps it; null until it is closed */
  write(environ: WSGIEnvironment, value: string, maxAgeSeconds: number | null): string {
    const {
      cookiePath = "/",
      cookieDomain,
      sameSite = "lax",
      secure: isSecure,
      partitioned: isPartitioned = false,
    } = this.#options;
    const secure = isSecure ?? (this.#mustBeSecure || environ["wsgi.url_scheme"] === "https");
    return serialize(this.name, value, {
      path: addressOfPath(cookiePath),
      httpOnly: true,
      sameSite,
      secure,
      partitioned: isPartitioned,
      ...(cookieDomain === undefined ? {} : { domain: cookieDomain }),
      ...(maxAgeSeconds === null ? {} : { maxAge: maxAgeSeconds }),
    });
  }

  /** Gives the value of Set-Cookie that takes the cookie away. */
  remove(environ: WSGIEnvironment): string {
    return this.write(environ, "", 0);
  }
}

/**
 * Adds a cookie that names its user to the head of a response, which then is for nobody else: a cache that keeps it would give the cookie
 * to those who have none yet (RFC 9111 section 7.3).
 *
 * @param line - the value of Set-Cookie
 */
export function addPersonalCookie(headers: HeaderList, line: string): void {
  headers.push(["Set-Cookie", line]);
  addVary(headers, "Cookie");
  refuseSharedCaches(headers);
}
