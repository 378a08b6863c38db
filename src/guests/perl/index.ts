// Perl guests: `tsgi/guests/perl`. For users; inside the package import the files that own the symbols.
export {
  PerlApplicationFailed,
  PerlClientGone,
  PerlDeadlineMissed,
  PerlProcessDied,
  PerlRequestError,
  PerlStartError,
  PerlUnavailable,
} from "./errors.ts";
export { appFactory, filterFactory } from "./factories.ts";
export type { PerlFilter, PerlLogEntry, PerlOptions } from "./options.ts";
export { perlApplication } from "./perl-application.ts";
export { perlMiddleware, type PerlMiddlewareOptions } from "./perl-middleware.ts";
export type { Guest as PerlGuest, GuestMiddleware as PerlMiddleware } from "../lane/guest.ts";
export type { GuestProcessStats as PerlProcessStats, GuestStats as PerlStats } from "../lane/guest-stats.ts";
