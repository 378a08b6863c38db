// Guests of any language: `tsgi/guests/command`. For users; inside the package import the files that own the symbols.
export { commandApplication } from "./command-application.ts";
export { commandMiddleware } from "./command-middleware.ts";
export { appFactory, filterFactory } from "./factories.ts";
export type { CommandOptions } from "./options.ts";
export {
  GuestApplicationFailed,
  GuestClientGone,
  GuestDeadlineMissed,
  GuestProcessDied,
  GuestRequestError,
  GuestStartError,
  GuestUnavailable,
} from "../lane/errors.ts";
export type { Guest, GuestMiddleware } from "../lane/guest.ts";
export type { GuestLogEntry, GuestOptions, GuestOutputLine } from "../lane/guest-options.ts";
export type { GuestProcessStats, GuestStats } from "../lane/guest-stats.ts";
