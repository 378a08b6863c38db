// What a client gets in place of an answer. Source: RFC 9110 section 15.
import { reasonOf } from "../reason-phrase.ts";
import { ServiceError } from "./errors.ts";
import type { Fields } from "./response-head.ts";

/** The plain page of an error: fixed text, nothing of the request in it. */
export function errorPage(status: number): { status: string; fields: Fields; body: Uint8Array } {
  // The name of RFC 9110; Node has kept the one before.
  const reason = status === 413 ? "Content Too Large" : reasonOf(status, "Error");
  const line = `${status} ${reason}`;
  return {
    status: line,
    fields: status === 503 ? [PAGE_TYPE, ["Retry-After", "1"]] : [PAGE_TYPE],
    body: new TextEncoder().encode(`${line}\n`),
  };
}

const PAGE_TYPE = ["Content-Type", "text/plain; charset=utf-8"] as const;

/** The status with which an error is answered: its own when it is the peer's fault or the server's condition, otherwise 500. */
export function refusalStatus(error: unknown): number {
  if (typeof error !== "object" || error === null) return 500;
  const { fault, status } = error as { fault?: unknown; status?: unknown };
  const isOurs = fault === "remote" || error instanceof ServiceError;
  return isOurs && typeof status === "number" && Number.isInteger(status) && status >= 400 && status < 600
    ? status
    : 500;
}
