// The cookies of middleware: read from the request, written into the head of the response. Source: RFC 6265 and 6265bis; cookie-es does
// the parsing and writing.
import { parse, serialize } from "cookie-es";
import type { WSGIEnvironment } from "../wsgi/types.ts";
import { addressOfPath } from "./configured-path.ts";
import { MiddlewareOptionError } from "./errors.ts";
import { flag, oneOf, text } from "./options.ts";

/** How a cookie is set. */
export interface CookieOptions {
  /** Name of the cookie. */
  readonly cookieName?: string;
  /** Path below which the browser sends it. @default "/" */
  readonly cookiePath?: string;
  /** Domain with all below it. @default only the host that sets it */
  readonly cookieDomain?: string;
  /** Whether the browser sends it with requests from other sites. @default "lax" */
  readonly sameSite?: "strict" | "lax" | "none";
  /** Whether it goes over https only. @default as the request came */
  readonly isSecure?: boolean;
}

/** Readers of these options for INI files. */
export const COOKIE_READERS = {
  cookieName: text,
  cookiePath: text,
  cookieDomain: text,
  sameSite: oneOf("strict", "lax", "none"),
  isSecure: flag,
} as const;

/** One cookie; scripts in the browser never see it. */
export class Cookie {
  readonly name: string;
  readonly #options: CookieOptions;

  /** @throws MiddlewareOptionError when no browser would take the cookie */
  constructor(name: string, options: CookieOptions) {
    this.name = name;
    this.#options = options;
    const { isSecure, sameSite, cookiePath = "/", cookieDomain } = options;
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
      throw new MiddlewareOptionError(`Option "cookieName" is "${name}"; expected letters, digits and "-_."`);
    }
    if (sameSite === "none" && isSecure === false) {
      throw new MiddlewareOptionError('A cookie with sameSite "none" is for https only; expected isSecure to be true');
    }
    if (/^__host-/i.test(name) && (isSecure === false || cookiePath !== "/" || cookieDomain !== undefined)) {
      throw new MiddlewareOptionError(`Cookie "${name}" has no domain, the path "/" and goes over https only`);
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
    const { cookiePath = "/", cookieDomain, sameSite = "lax", isSecure } = this.#options;
    const secure = isSecure ?? (sameSite === "none" || environ["wsgi.url_scheme"] === "https");
    return serialize(this.name, value, {
      path: addressOfPath(cookiePath),
      httpOnly: true,
      sameSite,
      secure,
      ...(cookieDomain === undefined ? {} : { domain: cookieDomain }),
      ...(maxAgeSeconds === null ? {} : { maxAge: maxAgeSeconds }),
    });
  }

  /** Gives the value of Set-Cookie that takes the cookie away. */
  remove(environ: WSGIEnvironment): string {
    return this.write(environ, "", 0);
  }
}
