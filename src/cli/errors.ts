// Errors of the command itself, each with its exit code.
import { type Fault, TSGIError } from "../errors.ts";
import { EXIT_CODES } from "./exit-codes.ts";

/** A command cannot do what it was asked to. */
export class CommandError extends TSGIError {
  readonly exitCode: number;

  constructor(exitCode: number, code: string, message: string, options?: ErrorOptions & { fault?: Fault }) {
    super(options?.fault ?? "configuration", code, message, options);
    this.exitCode = exitCode;
  }
}

/** An option has a value that it cannot have. */
export class UsageError extends CommandError {
  constructor(message: string, options?: ErrorOptions) {
    super(EXIT_CODES.usage, "ERR_TSGI_USAGE", message, options);
  }
}

/** More stands after the target than it takes. */
export class ExcessArgumentError extends UsageError {}

/** Nothing says what to serve. */
export class NoTargetError extends UsageError {
  constructor() {
    super("Name what to serve");
  }
}

/** A file that an option names cannot be read or written. */
export class FileUnusableError extends CommandError {
  constructor(message: string, options?: ErrorOptions) {
    super(EXIT_CODES.fileUnusable, "ERR_TSGI_FILE_UNUSABLE", message, options);
  }
}

/** The exit code that an error asks for, whatever folder it comes from; undefined when it says nothing. */
export function exitCodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("exitCode" in error && typeof error.exitCode === "number") return error.exitCode;
  if (error instanceof TSGIError && error.code === "ERR_TSGI_LOG_FILE") return EXIT_CODES.fileUnusable;
  return error instanceof TSGIError && error.code === "ERR_TSGI_LOG_FORMAT" ? EXIT_CODES.usage : undefined;
}
