// The access log as JSON, one object in one line. Every text is escaped to printable ASCII, so that no client can end a string, a line,
// or what a terminal shows.
import type { AccessEntry } from "../../gateways/http/access-entry.ts";
import { TSGI_REQUEST_ID } from "../../wsgi/environ.ts";
import { isHarmless } from "./escape-text.ts";
import type { LineWriter } from "./line-writer.ts";

const NOT_ASCII = /[\x7f-\uffff]/g;
const WORKER = process.pid;

/**
 * Renders one request as a JSON object, without the line feed. The fields are described in docs/logging.md.
 *
 * @param entry - of a request that is over
 */
export function renderJsonLine(entry: AccessEntry): string {
  const { environ, status } = entry;
  const target = environ.REQUEST_URI ?? environ.SCRIPT_NAME + environ.PATH_INFO;
  let line =
    `{"time":"${isoTime(entry.startedAtMilliseconds)}","remote_addr":${text(environ.REMOTE_ADDR)}` +
    `,"method":${text(environ.REQUEST_METHOD)},"target":${text(target)},"protocol":${text(environ.SERVER_PROTOCOL)}` +
    `,"scheme":"${environ["wsgi.url_scheme"]}","host":${text(environ["HTTP_HOST"])},"status":${status === 0 ? "null" : status}` +
    `,"bytes_in":${entry.requestBytes},"bytes_out":${entry.bodyBytes},"duration_us":${Math.round(entry.elapsedMicroseconds)}` +
    `,"request_id":${text(environ[TSGI_REQUEST_ID])},"worker":${WORKER}` +
    `,"referer":${text(environ["HTTP_REFERER"])},"user_agent":${text(environ["HTTP_USER_AGENT"])}`;
  // What is rare stands only where it is true.
  if (environ["REMOTE_USER"] !== undefined) line += `,"user":${text(environ["REMOTE_USER"])}`;
  if (entry.isAborted) line += ',"aborted":true';
  if (entry.isTimedOut) line += ',"timed_out":true';
  if (entry.isRefused) line += ',"refused":true';
  return `${line}}`;
}

/** An access log of JSON lines, for `ServerOptions.accessLog`. */
export function jsonAccessLog(file: LineWriter): (entry: AccessEntry) => void {
  return function logAccess(entry) {
    file.write(`${renderJsonLine(entry)}\n`);
  };
}

/** A JSON string; null for what is missing or no text. */
function text(value: unknown): string {
  if (typeof value !== "string" || value === "") return "null";
  return isHarmless(value) ? `"${value}"` : escapeJson(value);
}

function escapeJson(value: string): string {
  return JSON.stringify(value).replace(NOT_ASCII, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

let second = Number.NaN;
let secondText = "";

/** ISO 8601 in UTC with milliseconds. */
function isoTime(milliseconds: number): string {
  const now = Math.floor(milliseconds / 1000);
  if (now !== second) {
    second = now;
    secondText = new Date(now * 1000).toISOString().slice(0, 20);
  }
  const rest = Math.floor(milliseconds) - now * 1000;
  return `${secondText}${rest < 10 ? "00" : rest < 100 ? "0" : ""}${rest}Z`;
}
