// The one root of every error that TSGI throws. Each folder derives its own classes in its errors.ts.
// The class says whose fault it is; the status or exit code lives on the error, so that nobody needs a ladder of instanceof.

/** Whose fault an error is: the peer's, the application's, the configuration's, or ours. */
export type Fault = "remote" | "violation" | "configuration" | "internal";

/**
 * Tells whether the client is to blame. Such an error is not written to a log, which a client could fill otherwise. Another copy of this
 * package may have thrown it, so that its class says nothing.
 */
export function isRemoteFault(error: unknown): boolean {
  return error instanceof Error && "fault" in error && error.fault === "remote";
}

/** Base class of all errors of TSGI. `code` is stable, so programs can test it; `fault` says whose fault the error is. */
export class TSGIError extends Error {
  /** Stable identifier, for example `ERR_TSGI_HEADERS_SENT`; a public contract. */
  readonly code: string;
  readonly fault: Fault;

  constructor(fault: Fault, code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.fault = fault;
    this.code = code;
  }
}
