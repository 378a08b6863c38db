// Which responses are for one user only. What an application learns of the user may come from middleware that stands outside of a cache and
// names the cookie in Vary only once the response has passed the cache: so whoever tells something of the user says it here, and whoever
// keeps responses for others asks. Source: RFC 9111 section 3 (a shared cache keeps nothing that is private).
import type { HeaderList, WSGIEnvironment } from "../../wsgi/types.ts";
import { findHeader } from "./header-fields.ts";

/** Key of the environ with the {@link PersonalMark} of the request. */
export const PERSONAL = "tsgi.personal";

/** Whether the response depends on the user; all copies of an environ share one object. */
export class PersonalMark {
  isSet = false;
}

/**
 * Returns the mark of a request. Middleware that tells the application something about the user sets it when the application asks.
 *
 * @example
 * const mark = personalMark(environ);
 * environ["shop.basket"] = () => { mark.isSet = true; return basketOf(environ); };
 */
export function personalMark(environ: WSGIEnvironment): PersonalMark {
  const known = environ[PERSONAL];
  if (known instanceof PersonalMark) return known;
  const mark = new PersonalMark();
  environ[PERSONAL] = mark;
  return mark;
}

/**
 * Whether the response to this request is private, as far as is known so far: a body can still change this while it is sent. Requests of an
 * authenticated user (REMOTE_USER or a client certificate) are always private.
 */
export function isPersonal(environ: WSGIEnvironment): boolean {
  const mark = environ[PERSONAL];
  if (mark instanceof PersonalMark && mark.isSet) return true;
  const user = environ["REMOTE_USER"];
  return (user !== undefined && user !== "") || environ["SSL_CLIENT_S_DN"] !== undefined;
}

/** Adds `Cache-Control: private` to a head that would let others keep the response; one that says nothing of caches stays. */
export function refuseSharedCaches(headers: HeaderList): void {
  const fields = headers.filter(([name]) => name.toLowerCase() === "cache-control").map(([, value]) => value);
  const isShareable = fields.length > 0 || findHeader(headers, "expires") !== null;
  if (isShareable && !/\b(?:private|no-store)\b(?!=)/i.test(fields.join())) headers.push(["Cache-Control", "private"]);
}
