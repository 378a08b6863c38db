// What can go wrong between a target on the command line and an application in memory. Each class carries the exit code of the
// command, so that a script can tell a missing file from a broken one without reading the message.
import { TSGIError } from "../../errors.ts";
import { TARGET_EXIT_CODES } from "../target-exit-codes.ts";

/** Root of the errors of this folder: a target could not be turned into an application. */
export abstract class TargetError extends TSGIError {
  /** Exit code of the command that was given the target. */
  abstract readonly exitCode: number;
  /** Further lines for the reader, such as a stack or a source line; empty if the message is enough. */
  readonly detail: string;

  constructor(code: string, message: string, detail = "", options?: ErrorOptions) {
    super("configuration", code, message, options);
    this.detail = detail;
  }
}

/** The text is not a target: neither a file, nor `module:attribute`, nor `module:factory(arguments)`. */
export class TargetFormError extends TargetError {
  readonly exitCode = TARGET_EXIT_CODES.targetForm;
  constructor(message: string, options?: ErrorOptions) {
    super("ERR_TSGI_TARGET_FORM", message, "", options);
  }
}

/** The file or module that the target names does not exist. */
export class TargetNotFoundError extends TargetError {
  readonly exitCode = TARGET_EXIT_CODES.notFound;
  constructor(message: string) {
    super("ERR_TSGI_TARGET_NOT_FOUND", message);
  }
}

/** A file of the application cannot be parsed. */
export class TargetSyntaxError extends TargetError {
  readonly exitCode = TARGET_EXIT_CODES.syntaxError;
  constructor(message: string, detail: string, options?: ErrorOptions) {
    super("ERR_TSGI_TARGET_SYNTAX", message, detail, options);
  }
}

/** The application's own code threw while it was loaded, or while its factory was called; `cause` is what it threw. */
export class TargetLoadError extends TargetError {
  readonly exitCode = TARGET_EXIT_CODES.threwWhileLoading;
  constructor(message: string, detail: string, options?: ErrorOptions) {
    super("ERR_TSGI_TARGET_THREW", message, detail, options);
  }
}

/** The module has no export with the given name, or none of the default names. */
export class NoSuchAttributeError extends TargetError {
  readonly exitCode = TARGET_EXIT_CODES.noSuchAttribute;
  constructor(message: string) {
    super("ERR_TSGI_NO_SUCH_ATTRIBUTE", message);
  }
}

/** The export exists, but is no application (or no factory of one). */
export class NotAnApplicationError extends TargetError {
  readonly exitCode = TARGET_EXIT_CODES.notAnApplication;
  constructor(message: string, options?: ErrorOptions) {
    super("ERR_TSGI_TARGET_NOT_AN_APPLICATION", message, "", options);
  }
}
