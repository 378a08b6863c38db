// Plack's middleware around an application of ours: Perl calls the inner application back over the lane. Source: docs/lane-protocol.md.
import { guestMiddleware, type GuestMiddleware } from "../lane/guest.ts";
import { perlSettings, type PerlFilter, type PerlOptions } from "./options.ts";
import { PerlLanguage } from "./perl-language.ts";

/** The middleware, and the options of a Perl application without its target. */
export type PerlMiddlewareOptions = Omit<PerlOptions, "target" | "filters"> & {
  /** One or several, outermost first; several are composed inside Perl. */
  readonly filter: string | PerlFilter | readonly (string | PerlFilter)[];
};

/**
 * Makes a middleware of Plack's. The processes start at once.
 *
 * @param options - the name of a middleware, or options with one or several
 * @returns the middleware; `close` it when it is not needed any more
 * @throws PerlStartError when there is no interpreter
 * @example
 * const runtime = perlMiddleware("Runtime");
 * makeServer("127.0.0.1", 8000, runtime(application));
 */
export function perlMiddleware(options: string | PerlMiddlewareOptions): GuestMiddleware {
  const { filter, ...rest } = typeof options === "string" ? { filter: options } : options;
  const filters = typeof filter === "string" || "middleware" in filter ? [filter] : filter;
  const settings = perlSettings({ ...rest, filters });
  return guestMiddleware(settings, new PerlLanguage(settings));
}
