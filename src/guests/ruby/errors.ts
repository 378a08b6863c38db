// The errors of Ruby guests, by the names that users of `tsgi/guests/ruby` know.
import { GuestStartError } from "../lane/errors.ts";

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

/**
 * The error of a Ruby guest that cannot start.
 *
 * @param message - one sentence
 */
export function rubyStartError(message: string): GuestStartError {
  return new GuestStartError(RUBY, message);
}
