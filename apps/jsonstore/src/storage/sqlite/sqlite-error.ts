// What SQLite's errors mean for a request. Both bindings name the result code in the property `errcode`, or only in the message.
// Source: https://sqlite.org/rescode.html
import { Problem } from "../../problem.ts";

const BUSY = 5;
const FULL = 13;

/** Tells whether somebody else has the lock. */
export function isBusy(error: unknown): boolean {
  return codeOf(error) === BUSY || /database is locked|SQLITE_BUSY/.test(messageOf(error));
}

/** Returns what a client is told. */
export function storageProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const isFull = codeOf(error) === FULL || /disk is full|SQLITE_FULL/.test(messageOf(error));
  return new Problem(isFull ? "storage-full" : "storage-failed", {}, { cause: error });
}

function codeOf(error: unknown): number | null {
  if (!(error instanceof Error)) return null;
  const code = "errcode" in error ? error.errcode : "errno" in error ? error.errno : null;
  // The low byte is the kind, the others say more.
  return typeof code === "number" ? code & 0xff : null;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
