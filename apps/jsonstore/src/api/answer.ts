// Sends answers.
import { encodeNative, type HeaderList, type WSGIBody } from "tsgi/wsgi";
import { statusLine } from "tsgi/middleware/writing";
import type { Problem } from "../problem.ts";
import { PROBLEMS, type ProblemCode } from "../problems.ts";
import { formatPointer } from "../text/pointer.ts";
import type { Exchange } from "./exchange.ts";

/** Seconds after which a client may try again. */
const RETRY_AFTER = 2;

/** What every answer about a node says. */
export interface Facts {
  /** Number of the last write. */
  readonly version: number;
  readonly tag?: string;
}

/** Headers that tell the facts. */
export function factHeaders({ version, tag }: Facts): HeaderList {
  const headers: HeaderList = [["Document-Version", String(version)]];
  if (tag !== undefined) headers.push(["ETag", `"${tag}"`]);
  return headers;
}

/** Sends an answer without a body. */
export function sendNothing(
  { startResponse }: Pick<Exchange, "startResponse">,
  status: number,
  headers: HeaderList,
): WSGIBody {
  startResponse(statusLine(status), headers);
  return [];
}

/** Sends a text. */
export function sendText(
  { environ, startResponse }: Pick<Exchange, "environ" | "startResponse">,
  status: number,
  text: string,
  headers: HeaderList,
  type = "application/json",
): WSGIBody {
  const bytes = Buffer.from(text);
  headers.push(["Content-Type", type], ["Content-Length", String(bytes.length)]);
  startResponse(statusLine(status), headers);
  return environ.REQUEST_METHOD === "HEAD" ? [] : [bytes];
}

/** Sends what went wrong. Source: RFC 9457. */
export function sendProblem(
  exchange: Pick<Exchange, "environ" | "startResponse"> & Partial<Pick<Exchange, "path">>,
  problem: Problem,
  headers: HeaderList = [],
): WSGIBody {
  const { kind, status, details } = problem;
  const { pointer = exchange.path && formatPointer(exchange.path), ...others } = details;
  const { environ } = exchange;
  const text = JSON.stringify({
    type: problemType(environ.SCRIPT_NAME, kind),
    title: PROBLEMS[kind][1],
    status,
    pointer,
    ...others,
  });
  if (status === 503) headers.push(["Retry-After", String(RETRY_AFTER)]);
  headers.push(["Cache-Control", "no-store"]);
  return sendText(exchange, status, `${text}\n`, headers, "application/problem+json");
}

/** Address of the explanation of a code, which the store itself gives. */
function problemType(mount: string, kind: ProblemCode): string {
  return `${encodeURI(Buffer.from(mount, "latin1").toString("utf8"))}/?problem=${kind}`;
}

/** A value of a header field, in the bytes of UTF-8. */
export function headerText(text: string): string {
  return encodeNative(text);
}
