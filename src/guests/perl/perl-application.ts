// A PSGI application as one of ours. Source: PSGI 1.1; docs/guests/perl.md.
import { startGuest, type Guest } from "../lane/guest.ts";
import { GuestStartError } from "../lane/errors.ts";
import { PERL } from "./errors.ts";
import { perlSettings, type PerlOptions } from "./options.ts";
import { PerlLanguage } from "./perl-language.ts";

/**
 * Starts a PSGI application.
 *
 * @param options - what to run, and how
 * @returns the guest, once all its processes have loaded the application
 * @throws PerlStartError with what Perl says when the application does not load, or there is no interpreter
 * @example
 * const guest = await perlApplication({ target: "app.psgi", processes: 4 });
 * makeServer("127.0.0.1", 8000, guest.application);
 */
export async function perlApplication(options: PerlOptions & { readonly target: string }): Promise<Guest> {
  if (options.target === "") throw new GuestStartError(PERL, 'Expected a target such as "app.psgi"');
  const settings = perlSettings(options);
  return startGuest(settings, new PerlLanguage(settings));
}
