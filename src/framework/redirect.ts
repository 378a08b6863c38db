// Redirects. What a client chooses must not lead away from the site, and no control character may reach a header.
// Source: RFC 9110 section 15.4; WHATWG URL, which takes "\" for "/"; OWASP "Unvalidated Redirects and Forwards".
import { FrameworkError } from "./errors.ts";
import { html } from "./html.ts";
import { Response } from "./response.ts";

const STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Sends the client to another address.
 *
 * @param location - an address with its scheme, or a path. Two slashes in front are one: they would name a host
 * @param status - 302, or 303 after a form, 307 and 308 to repeat the request, 301 and 308 for good. @default 302
 * @throws FrameworkError for another status
 */
export function redirect(location: string, status = 302): Response {
  if (!STATUSES.has(status)) {
    throw new FrameworkError(`Status ${status} is no redirect; expected 301, 302, 303, 307 or 308`);
  }
  const address = harmlessLocation(location);
  const page = html`<!doctype html>
    <title>Redirect</title>
    <p>Go on to <a href="${address}">${address}</a></p> `;
  return new Response(page.toString(), { status, headers: { Location: address } });
}

/**
 * Gives an address that a client has named, such as `?next=/basket`, if it leads to this site.
 *
 * @param fallback - is given otherwise
 * @example
 * return redirect(localTarget(request.args.get("next"), request.urlFor("index")));
 */
export function localTarget(address: string | null | undefined, fallback = "/"): string {
  if (typeof address !== "string" || !/^\/(?![/\\])/.test(address)) return fallback;
  return /[\u0000-\u001f\u007f\\]/.test(address) ? fallback : address;
}

/** Tabs and line ends, which a client takes out of an address, are encoded too, so that nothing hides in front of a host. */
function harmlessLocation(location: string): string {
  const encoded = location
    .trim()
    .replaceAll(/[^\x21-\x7e]+/g, (run) => encodeURIComponent(run.replaceAll(/[\uD800-\uDFFF]/gu, "\uFFFD")))
    .replaceAll(/["<>\\^`{|}]/g, encodeURIComponent);
  return encoded.replace(/^(?:\/|%5C){2,}/i, "/");
}
