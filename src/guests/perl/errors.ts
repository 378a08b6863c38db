// The errors of Perl guests, by the names that users of `tsgi/guests/perl` know.
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
