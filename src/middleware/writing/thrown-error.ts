// What an application threw, seen as an answer. Source: an error of TSGI carries its status and says whose fault it is;
// so do the HTTP errors of other libraries.

/** The status with which an error is answered: its own if that is an error status, otherwise 500. */
export function statusOfError(error: unknown): number {
  const status = error instanceof Error && "status" in error ? error.status : undefined;
  return typeof status === "number" && Number.isInteger(status) && status >= 400 && status <= 599 ? status : 500;
}

/** Gives an error for whatever was thrown, as `excInfo` needs it. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(`Thrown value ${String(thrown)}`, { cause: thrown });
}
