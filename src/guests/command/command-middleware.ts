// A middleware that is a guest which somebody has written: it calls the inner application back over the lane. Source: docs/lane-protocol.md.
import { guestMiddleware, type GuestMiddleware } from "../lane/guest.ts";
import { CommandLanguage } from "./command-language.ts";
import { commandSettings, type CommandOptions } from "./options.ts";

/**
 * Makes a middleware of a guest. The processes start at once.
 *
 * @param options - what to run, and how
 * @returns the middleware; `close` it when it is not needed any more
 * @throws GuestStartError when there is no such program
 */
export function commandMiddleware(options: CommandOptions): GuestMiddleware {
  const settings = commandSettings(options);
  return guestMiddleware(settings, new CommandLanguage(settings));
}
