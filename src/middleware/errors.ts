// Errors of the middleware room: options that cannot be meant. What goes wrong during a request is an answer, not an error.
import { TSGIError } from "../errors.ts";

/** An option of a middleware is missing, contradicts another one, or has a value that makes no sense. */
export class MiddlewareOptionError extends TSGIError {
  /** With what a command ends that could not build its application. */
  readonly exitCode = 3;

  /** @param message - names the option, quotes its value and says what was expected */
  constructor(message: string, options?: ErrorOptions) {
    super("configuration", "ERR_TSGI_MIDDLEWARE_OPTION", message, options);
  }
}
