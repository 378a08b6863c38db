// What a client gets in place of an answer. Source: RFC 9110 section 15.
import { ServiceError } from "./errors.ts";
import type { Fields } from "./response-head.ts";

/** The plain page of an error: fixed text, nothing of the request in it. */
export function errorPage(status: number): { status: string; fields: Fields; body: Uint8Array } {
  const line = `${status} ${REASONS[status] ?? "Error"}`;
  return {
    status: line,
    fields: status === 503 ? [PAGE_TYPE, ["Retry-After", "1"]] : [PAGE_TYPE],
    body: new TextEncoder().encode(`${line}\n`),
  };
}

const PAGE_TYPE = ["Content-Type", "text/plain; charset=utf-8"] as const;

const REASONS: Record<number, string> = {
  400: "Bad Request",
  404: "Not Found",
  408: "Request Timeout",
  411: "Length Required",
  413: "Content Too Large",
  414: "URI Too Long",
  415: "Unsupported Media Type",
  417: "Expectation Failed",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
  508: "Loop Detected",
};

/** The status with which an error is answered: its own when it is the peer's fault or the server's condition, otherwise 500. */
export function refusalStatus(error: unknown): number {
  if (typeof error !== "object" || error === null) return 500;
  const { fault, status } = error as { fault?: unknown; status?: unknown };
  const isOurs = fault === "remote" || error instanceof ServiceError;
  return isOurs && typeof status === "number" && Number.isInteger(status) && status >= 400 && status < 600
    ? status
    : 500;
}
