// The errors of Perl guests, by the names that users of `tsgi/guests/perl` know.
import { GuestStartError } from "../lane/errors.ts";

export {
  GuestApplicationFailed as PerlApplicationFailed,
  GuestClientGone as PerlClientGone,
  GuestDeadlineMissed as PerlDeadlineMissed,
  GuestProcessDied as PerlProcessDied,
  GuestRequestError as PerlRequestError,
  GuestStartError as PerlStartError,
  GuestUnavailable as PerlUnavailable,
} from "../lane/errors.ts";

/** The language, as messages name it. */
export const PERL = "Perl";

/**
 * The error of a Perl guest that cannot start.
 *
 * @param message - one sentence
 */
export function perlStartError(message: string): GuestStartError {
  return new GuestStartError(PERL, message);
}
