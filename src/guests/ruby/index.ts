// Ruby guests: `tsgi/guests/ruby`. For users; inside the package import the files that own the symbols.
export {
  RubyApplicationFailed,
  RubyClientGone,
  RubyDeadlineMissed,
  RubyProcessDied,
  RubyRequestError,
  RubyStartError,
  RubyUnavailable,
} from "./errors.ts";
export { appFactory, filterFactory } from "./factories.ts";
export type { RubyFilter, RubyLogEntry, RubyOptions } from "./options.ts";
export { rubyApplication } from "./ruby-application.ts";
export { rubyMiddleware, type RubyMiddlewareOptions } from "./ruby-middleware.ts";
export type { Guest as RubyGuest, GuestMiddleware as RubyMiddleware } from "../lane/guest.ts";
export type { GuestProcessStats as RubyProcessStats, GuestStats as RubyStats } from "../lane/guest-stats.ts";
