// Mistakes in an application. They are found when it is built, or at its first request.
import { TSGIError } from "../errors.ts";

/** A rule, a name or an option of an application makes no sense. */
export class FrameworkError extends TSGIError {
  /** With what a command ends that could not build its application. */
  readonly exitCode = 3;

  /** @param message - quotes what is wrong and says what was expected */
  constructor(message: string, options?: ErrorOptions) {
    super("configuration", "ERR_TSGI_FRAMEWORK", message, options);
  }
}

/** A handler returned nothing, or something that no response can be made of. */
export class ResultError extends TSGIError {
  constructor(message: string) {
    super("violation", "ERR_TSGI_RESULT", message);
  }
}
