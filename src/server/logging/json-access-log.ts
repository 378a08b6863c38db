// The access log as JSON, one object in one line. Every text is escaped to printable ASCII, so that no client can end a string, a line,
// or what a terminal shows.
import type { AccessEntry } from "../../gateways/access-entry.ts";
import { TSGI_REQUEST_ID } from "../../wsgi/environ.ts";
import { isHarmless } from "../../wsgi/escape-text.ts";
import { escapedBetween, numberBetween } from "./kept-parts.ts";
import type { LineWriter } from "./line-writer.ts";
import { isoTimestamp } from "./timestamp.ts";

const NOT_ASCII = /[\x7f-\uffff]/g;
const AFTER_REQUEST_ID = `,"worker":${process.pid}`;

/**
 * Makes a function that renders one request as a JSON object with a line feed. The fields are described in docs/logging.md.
 *
 * @returns takes the entry of a request that is over
 */
export function jsonLine(): (entry: AccessEntry) => string {
  const time = jsonTime();
  const remoteAddress = jsonText(',"remote_addr":');
  const requestMethod = jsonText(',"method":');
  const requestTarget = jsonText(',"target":');
  const way = wayIn();
  const statusCode = numberBetween(',"status":', "", "null");
  const bytesIn = numberBetween(',"bytes_in":', "");
  const bytesOut = numberBetween(',"bytes_out":', "");
  const duration = numberBetween(',"duration_us":', "");
  const referer = jsonText(',"referer":');
  const userAgent = jsonText(',"user_agent":');
  const user = jsonText(',"user":');
  return function renderLine(entry) {
    const { environ } = entry;
    let line =
      time(entry.startedAtMilliseconds) +
      remoteAddress(environ.REMOTE_ADDR) +
      requestMethod(environ.REQUEST_METHOD) +
      requestTarget(environ.REQUEST_URI ?? environ.SCRIPT_NAME + environ.PATH_INFO) +
      way(environ.SERVER_PROTOCOL, environ["wsgi.url_scheme"], environ["HTTP_HOST"]) +
      statusCode(entry.status) +
      bytesIn(entry.requestBytes) +
      bytesOut(entry.bodyBytes) +
      duration(Math.round(entry.elapsedMicroseconds)) +
      requestId(environ[TSGI_REQUEST_ID]) +
      referer(environ["HTTP_REFERER"]) +
      userAgent(environ["HTTP_USER_AGENT"]);
    // What is rare stands only where it is true.
    if (environ["REMOTE_USER"] !== undefined) line += user(environ["REMOTE_USER"]);
    if (entry.isAborted) line += ',"aborted":true';
    if (entry.isTimedOut) line += ',"timed_out":true';
    if (entry.isRefused) line += ',"refused":true';
    return `${line}}\n`;
  };
}

/** An access log of JSON lines, for `ServerOptions.accessLog`. */
export function jsonAccessLog(file: LineWriter): (entry: AccessEntry) => void {
  const render = jsonLine();
  return function logAccess(entry) {
    file.write(render(entry));
  };
}

/** Protocol, scheme and host, which seldom differ from those of the request before. */
function wayIn(): (protocol: string, scheme: string, host: unknown) => string {
  const protocolText = jsonText(',"protocol":');
  const schemeText = jsonText(',"scheme":');
  const hostText = jsonText(',"host":');
  let lastProtocol = "";
  let lastScheme = "";
  let lastHost: unknown = null;
  let text = "";
  return (protocol, scheme, host) => {
    if (host !== lastHost || scheme !== lastScheme || protocol !== lastProtocol) {
      lastProtocol = protocol;
      lastScheme = scheme;
      lastHost = host;
      text = protocolText(protocol) + schemeText(scheme) + hostText(host);
    }
    return text;
  };
}

/** A key, and a JSON string or null for what is missing or no text. */
function jsonText(key: string): (value: unknown) => string {
  const quoted = escapedBetween(`${key}"`, '"', escapeJson);
  const missing = `${key}null`;
  return (value) => (typeof value === "string" && value !== "" ? quoted(value) : missing);
}

/** Not kept: no two requests have one in common. */
function requestId(value: unknown): string {
  if (typeof value !== "string" || value === "") return `,"request_id":null${AFTER_REQUEST_ID}`;
  return `,"request_id":"${escapeJson(value)}"${AFTER_REQUEST_ID}`;
}

/** What stands between the quotes. */
function escapeJson(value: string): string {
  if (isHarmless(value)) return value;
  const quoted = JSON.stringify(value).slice(1, -1);
  return quoted.replace(NOT_ASCII, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The first field: UTC with milliseconds. */
function jsonTime(): (milliseconds: number) => string {
  const seconds = isoTimestamp('{"time":"');
  const fractions: string[] = [];
  return (milliseconds) => {
    const fraction = Math.floor(milliseconds) % 1000;
    return seconds(milliseconds) + (fractions[fraction] ??= `${String(fraction).padStart(3, "0")}Z"`);
  };
}
