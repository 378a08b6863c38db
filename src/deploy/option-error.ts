// The error for options that cannot be meant, whether a program or an INI section gives them.
import { TSGIError } from "../errors.ts";

/** An option of a middleware or of a guest is missing, contradicts another one, or has an invalid value. */
export class OptionError extends TSGIError {
  /** Exit code of a command that could not build its application. */
  readonly exitCode = 3;

  /** @param message - names the option, quotes its value and says what was expected */
  constructor(message: string, options?: ErrorOptions) {
    super("configuration", "ERR_TSGI_OPTION", message, options);
  }
}
