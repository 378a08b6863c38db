// What PostgreSQL's errors mean for a request. Source: PostgreSQL's documentation, appendix A, for the codes; the driver's own errors have
// those of the system, or none.
import { Problem } from "../../problem.ts";
import type { ProblemCode } from "../../problems.ts";

/** Of the system: nobody is there, or no longer. */
const AWAY = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOENT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

/** By code, or by its class of two characters. */
const MEANINGS: Readonly<Record<string, ProblemCode>> = {
  "08": "storage-unreachable",
  "57P01": "storage-unreachable", // it is being stopped
  "57P02": "storage-unreachable", // another process of it has crashed
  "57P03": "storage-unreachable", // it starts, or recovers
  "25P03": "storage-unreachable", // the transaction was idle for too long
  "53300": "storage-unreachable", // it has too many connections
  "55P03": "busy", // the lock was not given in time
  "57014": "busy", // the statement took too long
  "40": "busy", // a deadlock, or what cannot be put in an order
  "53100": "storage-full",
};

/** Tells whether the connection is of no more use. */
export function isConnectionLost(error: unknown): boolean {
  return problemCode(error) === "storage-unreachable" || isTimeout(error);
}

/** Returns what a client is told. */
export function postgresProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem(isTimeout(error) ? "storage-unreachable" : problemCode(error), {}, { cause: error });
}

/** Returns what an error says. That of a name with several addresses says nothing itself. */
export function postgresReason(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map((one) => postgresReason(one)).join("; ");
  return error instanceof Error ? error.message : String(error);
}

function problemCode(error: unknown): ProblemCode {
  if (!(error instanceof Error)) return "storage-failed";
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (AWAY.has(code)) return "storage-unreachable";
  // Several addresses were tried.
  if (error instanceof AggregateError && error.errors.some((one) => problemCode(one) === "storage-unreachable"))
    return "storage-unreachable";
  const meaning = MEANINGS[code] ?? MEANINGS[code.slice(0, 2)];
  if (meaning !== undefined) return meaning;
  return code === "" && /^Connection terminated|not queryable|client was closed/i.test(error.message)
    ? "storage-unreachable"
    : "storage-failed";
}

/** The driver has waited long enough for a connection, or for an answer. */
function isTimeout(error: unknown): boolean {
  return error instanceof Error && /^timeout e|^Query read timeout|connection timeout/i.test(error.message);
}
