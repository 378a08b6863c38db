// Errors of the server: what keeps it from starting, and what keeps a worker from booting. Each carries the exit code of the command.
import { TSGIError } from "../errors.ts";

/** Exit codes of the server. 3 and 4 are those that gunicorn's users know: a worker could not boot, the application did not load. */
export const SERVER_EXIT_CODES = {
  boot: 3,
  app: 4,
  usage: 2,
  addressInUse: 9,
  addressUnusable: 10,
  fileUnusable: 11,
} as const;

/** Root of the errors of this folder. */
export class ServerError extends TSGIError {
  readonly exitCode: number;
  /** More lines for a person; empty when the message says all. */
  readonly detail: string;

  constructor(exitCode: number, code: string, message: string, options?: ErrorOptions & { detail?: string }) {
    super("configuration", code, message, options);
    this.exitCode = exitCode;
    this.detail = options?.detail ?? "";
  }
}

/** A setting has a value that it cannot have. */
export class SettingError extends ServerError {
  constructor(message: string, options?: ErrorOptions) {
    super(SERVER_EXIT_CODES.usage, "ERR_TSGI_SETTING", message, options);
  }
}

/** Nobody can listen at an address. */
export class ListenError extends ServerError {
  constructor(address: string, reason: string, isInUse: boolean, options?: ErrorOptions) {
    const exitCode = isInUse ? SERVER_EXIT_CODES.addressInUse : SERVER_EXIT_CODES.addressUnusable;
    const code = isInUse ? "ERR_TSGI_ADDRESS_IN_USE" : "ERR_TSGI_ADDRESS_UNUSABLE";
    super(exitCode, code, `Cannot listen at ${address}: ${reason}`, options);
  }
}

/** What a worker told of its boot. */
interface BootFailure {
  readonly exitCode: number;
  /** Of the error; empty when it has none. */
  readonly code: string;
  readonly message: string;
  readonly detail: string;
}

/** The first worker did not come up, and there is none to fall back to. */
export class BootError extends ServerError {
  constructor(failure: BootFailure) {
    const code = failure.code === "" ? "ERR_TSGI_BOOT" : failure.code;
    super(failure.exitCode, code, failure.message, { detail: failure.detail });
  }
}

/** What an error tells beside its message, such as a traceback; empty when there is nothing. */
export function detailOf(error: unknown): string {
  return error instanceof Error && "detail" in error && typeof error.detail === "string" ? error.detail : "";
}

/** The text of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
