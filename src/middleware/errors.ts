// Errors of the middleware room: options that cannot be meant, and passwords that cannot be checked now. Whatever else goes wrong during
// a request is an answer, not an error.
import { TSGIError } from "../errors.ts";

export { OptionError as MiddlewareOptionError } from "../deploy/option-error.ts";

/** Too many passwords wait to be checked; becomes 503. */
export class PasswordQueueFull extends TSGIError {
  readonly status = 503;
  readonly retryAfterSeconds: number;

  /** @param retryAfterSeconds - when the client may try again */
  constructor(retryAfterSeconds: number) {
    super("remote", "ERR_TSGI_PASSWORD_QUEUE", "Too many passwords are being checked; try again later");
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
