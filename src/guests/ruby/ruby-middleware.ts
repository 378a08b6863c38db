// Ruby middleware around an application of ours: Ruby calls the inner application back over the lane. Source: docs/lane-protocol.md.
import { guestMiddleware, type GuestMiddleware } from "../lane/guest.ts";
import { rubySettings, type RubyFilter, type RubyOptions } from "./options.ts";
import { RubyLanguage } from "./ruby-language.ts";

/** The middleware, and the options of a Ruby application without its target. */
export type RubyMiddlewareOptions = Omit<RubyOptions, "target" | "filters"> & {
  /** One or several, outermost first; several are composed inside Ruby. */
  readonly filter: string | RubyFilter | readonly (string | RubyFilter)[];
};

/**
 * Makes a Ruby middleware. The processes start at once.
 *
 * @param options - the name of a middleware, or options with one or several
 * @returns the middleware; `close` it when it is not needed any more
 * @throws RubyStartError when there is no interpreter
 * @example
 * const runtime = rubyMiddleware("Rack::Runtime");
 * makeServer("127.0.0.1", 8000, runtime(application));
 */
export function rubyMiddleware(options: string | RubyMiddlewareOptions): GuestMiddleware {
  const { filter, ...rest } = typeof options === "string" ? { filter: options } : options;
  const filters = typeof filter === "string" || "middleware" in filter ? [filter] : filter;
  const settings = rubySettings({ ...rest, filters });
  return guestMiddleware(settings, new RubyLanguage(settings));
}
