// A Rack application as one of ours. Source: Rack SPEC; docs/guests/ruby.md.
import { startGuest, type Guest } from "../lane/guest.ts";
import { GuestStartError } from "../lane/errors.ts";
import { RUBY } from "./errors.ts";
import { rubySettings, type RubyOptions } from "./options.ts";
import { RubyLanguage } from "./ruby-language.ts";

/**
 * Starts a Rack application.
 *
 * @param options - what to run, and how
 * @returns the guest, once all its processes have loaded the application
 * @throws RubyStartError with what Ruby says when the application does not load, or there is no interpreter
 * @example
 * const guest = await rubyApplication({ target: "config.ru", processes: 4 });
 * makeServer("127.0.0.1", 8000, guest.application);
 */
export async function rubyApplication(options: RubyOptions & { readonly target: string }): Promise<Guest> {
  if (options.target === "") throw new GuestStartError(RUBY, 'Expected a target such as "config.ru"');
  const settings = rubySettings(options);
  return startGuest(settings, new RubyLanguage(settings));
}
