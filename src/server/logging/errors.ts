// Errors of logging: a format or a file that an operator named cannot be used.
import { TSGIError } from "../../errors.ts";

/** A log cannot be set up as configured. */
export class LoggingError extends TSGIError {
  constructor(
    code: "ERR_TSGI_LOG_FORMAT" | "ERR_TSGI_LOG_FILE" | "ERR_TSGI_SYSLOG",
    message: string,
    options?: ErrorOptions,
  ) {
    super("configuration", code, message, options);
  }
}
