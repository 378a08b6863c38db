// The access log as JSON, one object in one line. Every text is escaped to printable ASCII, so that no client can end a string, a line,
// or what a terminal shows.
import type { AccessEntry } from "../../gateways/http/access-entry.ts";
import { TSGI_REQUEST_ID } from "../../wsgi/environ.ts";
import { escapedBetween, isHarmless } from "./escape-text.ts";
import type { LineWriter } from "./line-writer.ts";

const NOT_ASCII = /[\x7f-\uffff]/g;
const WORKER = process.pid;

// One for each text of a line.
const remoteAddress = jsonText(',"remote_addr":');
const requestMethod = jsonText(',"method":');
const requestTarget = jsonText(',"target":');
const serverProtocol = jsonText(',"protocol":');
const host = jsonText(',"host":');
const referer = jsonText(',"referer":');
const userAgent = jsonText(',"user_agent":');
const user = jsonText(',"user":');

/**
 * Renders one request as a JSON object, without the line feed. The fields are described in docs/logging.md.
 *
 * @param entry - of a request that is over
 */
export function renderJsonLine(entry: AccessEntry): string {
  const { environ, status } = entry;
  let line =
    `{"time":"${isoTime(entry.startedAtMilliseconds)}"${remoteAddress(environ.REMOTE_ADDR)}` +
    requestMethod(environ.REQUEST_METHOD) +
    requestTarget(environ.REQUEST_URI ?? environ.SCRIPT_NAME + environ.PATH_INFO) +
    serverProtocol(environ.SERVER_PROTOCOL) +
    `,"scheme":"${environ["wsgi.url_scheme"]}"${host(environ["HTTP_HOST"])},"status":${status === 0 ? "null" : status}` +
    `,"bytes_in":${entry.requestBytes},"bytes_out":${entry.bodyBytes},"duration_us":${Math.round(entry.elapsedMicroseconds)}` +
    `,"request_id":${uniqueText(environ[TSGI_REQUEST_ID])},"worker":${WORKER}` +
    referer(environ["HTTP_REFERER"]) +
    userAgent(environ["HTTP_USER_AGENT"]);
  // What is rare stands only where it is true.
  if (environ["REMOTE_USER"] !== undefined) line += user(environ["REMOTE_USER"]);
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

/** A key, and a JSON string or null for what is missing or no text. */
function jsonText(key: string): (value: unknown) => string {
  const quoted = escapedBetween(`${key}"`, '"', escapeJson);
  const missing = `${key}null`;
  return (value) => (typeof value === "string" && value !== "" ? quoted(value) : missing);
}

/** As a value, for what no two requests have in common. */
function uniqueText(value: unknown): string {
  return typeof value === "string" && value !== "" ? `"${escapeJson(value)}"` : "null";
}

/** What stands between the quotes. */
function escapeJson(value: string): string {
  if (isHarmless(value)) return value;
  const quoted = JSON.stringify(value).slice(1, -1);
  return quoted.replace(NOT_ASCII, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
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
