// The errors of Ruby guests, by the names that users of `tsgi/guests/ruby` know.
export {
  GuestApplicationFailed as RubyApplicationFailed,
  GuestClientGone as RubyClientGone,
  GuestDeadlineMissed as RubyDeadlineMissed,
  GuestProcessDied as RubyProcessDied,
  GuestRequestError as RubyRequestError,
  GuestStartError as RubyStartError,
  GuestUnavailable as RubyUnavailable,
} from "../lane/errors.ts";

/** The language, as messages name it. */
export const RUBY = "Ruby";
