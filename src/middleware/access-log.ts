// One line for each request, once its response is over. Source: Apache's common and combined formats; Paste's translogger.
//
// The server has an access log of its own, which sees what left the machine. This one sees what passes at its place in a pipeline: one
// mounted application, or the requests of a gateway that has no log.
import { createWriteStream, type WriteStream } from "node:fs";
import { escapeText } from "../wsgi/escape-text.ts";
import type { HeaderList, Middleware, WSGIEnvironment } from "../wsgi/types.ts";
import { withClose } from "./writing/body-close.ts";
import { isPromise } from "../wsgi/is-promise.ts";
import { fileIn, oneOf, fromSection, type Configuration } from "./writing/options.ts";
import { replaceResponse } from "./writing/replace-response.ts";
import { statusOfError } from "./writing/thrown-error.ts";

const FORMATS = ["common", "combined", "json"] as const;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

/** What to log, and where. */
export interface AccessLogOptions {
  /** Apache's `common` or `combined` format, or one JSON object per line. @default "combined" */
  readonly format?: (typeof FORMATS)[number];
  /** A file to append to; `-` is standard output. @default `wsgi.errors` of the request */
  readonly file?: string;
  /** Receives each line, without its line feed, instead of a file. */
  readonly write?: (line: string) => void;
}

/** What a line tells. */
interface LoggedRequest {
  readonly environ: WSGIEnvironment;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly status: number;
  readonly headers: HeaderList;
  readonly bodyBytes: number;
  readonly isComplete: boolean;
  readonly elapsedSeconds: number;
}

/**
 * Logs each request when its body is closed: status, bytes of the body at this place, duration. Everything that a client chose is escaped.
 * If the application throws, the request is logged with the status of the error, or 500.
 *
 * In a pipeline: outermost, but inside of what corrects REMOTE_ADDR and of `requestId`.
 */
export function accessLog(options: AccessLogOptions = {}): Middleware {
  const format = LINES[options.format ?? "combined"];
  const writeLine = options.write ?? (options.file === undefined ? null : fileWriter(options.file));
  return function accessLogMiddleware(application) {
    return function logged(environ, startResponse) {
      const errors = environ["wsgi.errors"];
      const write = writeLine ?? ((line: string) => errors.write(`${line}\n`));
      const startedAt = Date.now();
      const began = performance.now();
      let status = 0;
      let headers: HeaderList = [];
      let bodyBytes = 0;
      let isComplete = false;
      const log = (): void => {
        const elapsedSeconds = (performance.now() - began) / 1000;
        write(format({ environ, startedAt, status, headers, bodyBytes, isComplete, elapsedSeconds }));
      };
      const failed = (error: unknown): never => {
        status = statusOfError(error);
        log();
        throw error;
      };
      try {
        const body = replaceResponse(application, environ, startResponse, (head) => {
          status = Number(head.status.slice(0, 3));
          headers = head.headers;
          return {
            kind: "watch",
            chunk(chunk) {
              bodyBytes += chunk.length;
            },
            end() {
              isComplete = true;
            },
          };
        });
        return isPromise(body) ? body.then((settled) => withClose(settled, log), failed) : withClose(body, log);
      } catch (error) {
        return failed(error);
      }
    };
  };
}

/** For INI files: `use = egg:tsgi#access-log`, with the keys of {@link AccessLogOptions}. */
export function filterFactory(globalConf: Configuration, localConf: Configuration): Middleware {
  const file = fileIn(globalConf);
  return fromSection<AccessLogOptions>(accessLog, localConf, {
    format: oneOf(...FORMATS),
    file: (value, key) => (value === "-" ? value : file(value, key)),
  });
}

const LINES: Readonly<Record<(typeof FORMATS)[number], (request: LoggedRequest) => string>> = {
  common: commonLine,
  combined: (request) =>
    `${commonLine(request)} "${field(request.environ["HTTP_REFERER"])}" "${field(request.environ["HTTP_USER_AGENT"])}"`,
  json: jsonLine,
};

function commonLine({ environ, startedAt, status, bodyBytes }: LoggedRequest): string {
  const request = `${field(environ.REQUEST_METHOD)} ${field(target(environ))} ${field(environ.SERVER_PROTOCOL)}`;
  const bytes = bodyBytes === 0 ? "-" : String(bodyBytes);
  const user = field(environ["REMOTE_USER"]);
  return `${field(environ.REMOTE_ADDR)} - ${user} [${timestamp(startedAt)}] "${request}" ${status || "-"} ${bytes}`;
}

function jsonLine({ environ, startedAt, status, bodyBytes, isComplete, elapsedSeconds }: LoggedRequest): string {
  return JSON.stringify({
    time: new Date(startedAt).toISOString(),
    remoteAddress: environ.REMOTE_ADDR,
    user: environ["REMOTE_USER"],
    method: environ.REQUEST_METHOD,
    target: target(environ),
    protocol: environ.SERVER_PROTOCOL,
    status,
    bytes: bodyBytes,
    seconds: Number(elapsedSeconds.toFixed(6)),
    isComplete,
    referer: environ["HTTP_REFERER"],
    userAgent: environ["HTTP_USER_AGENT"],
    requestId: environ["tsgi.request_id"],
  });
}

function target(environ: WSGIEnvironment): string {
  const query = environ.QUERY_STRING;
  return environ.REQUEST_URI ?? environ.SCRIPT_NAME + environ.PATH_INFO + (query === "" ? "" : `?${query}`);
}

/** Text of a client, harmless in a line: control characters, quotes, backslashes and what is not ASCII become `\xHH`. */
function field(value: unknown): string {
  return typeof value !== "string" || value === "" ? "-" : escapeText(value);
}

/** The second whose text was made last; most requests of a busy process share theirs with the one before. */
let lastSecond = Number.NaN;
let lastTimestamp = "";

function timestamp(milliseconds: number): string {
  const second = Math.floor(milliseconds / 1000);
  if (second === lastSecond) return lastTimestamp;
  const [date = "", clock = ""] = new Date(second * 1000).toISOString().split("T");
  const [year = "", month = "", day = ""] = date.split("-");
  lastSecond = second;
  lastTimestamp = `${day}/${MONTHS[Number(month) - 1] ?? ""}/${year}:${clock.slice(0, 8)} +0000`;
  return lastTimestamp;
}

/** The file is opened with the first line, not by building a pipeline. */
function fileWriter(path: string): (line: string) => void {
  let stream: WriteStream | NodeJS.WriteStream | null = null;
  return (line) => {
    stream ??= path === "-" ? process.stdout : opened(path);
    stream.write(`${line}\n`);
  };
}

function opened(path: string): WriteStream {
  const stream = createWriteStream(path, { flags: "a" });
  stream.on("error", (error) => process.emitWarning(`Cannot write the access log "${path}": ${error.message}`));
  return stream;
}
