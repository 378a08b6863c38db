// Turns the status of an error into a page that people can read. Source: Apache's ErrorDocument, Paste's errordocument, Plack's
// Middleware::ErrorDocument.
import { readFile } from "node:fs/promises";
import type {
  HeaderList,
  Middleware,
  StartResponse,
  WSGIApplication,
  WSGIBody,
  WSGIEnvironment,
} from "../wsgi/types.ts";
import { errorText } from "../wsgi/error-text.ts";
import { escapeText } from "../wsgi/escape-text.ts";
import { escapeHtml, sendAnswer, statusLine, type Answer } from "./writing/answer.ts";
import { isPromise } from "../wsgi/is-promise.ts";
import { MiddlewareOptionError } from "./errors.ts";
import { addVary, dropContentFields, dropHeader, findHeader } from "./writing/header-fields.ts";
import { fileIn, flag, type OptionReader, pairs, fromSection, text, type Configuration } from "./writing/options.ts";
import { pageRequest } from "./error-documents/page-request.ts";
import { isJson, prefersJson } from "./error-documents/prefers-json.ts";
import { changeHead, replaceResponse } from "./writing/replace-response.ts";
import { asError, statusOfError } from "./writing/thrown-error.ts";
import { isRemoteFault } from "../errors.ts";

/** Keys of the environ that an application asked for a page by `path` finds: the status, and the path that failed. */
export const ERROR_STATUS = "error_documents.status";
export const ERROR_PATH = "error_documents.path";

/** The page for one status. One of `file`, `path` and `html` is given. */
export interface ErrorDocument {
  /** An HTML file. It is read at each error, so you can change it. */
  readonly file?: string;
  /** A path of the application, requested with GET. */
  readonly path?: string;
  /** The page itself. */
  readonly html?: string;
  /** Status of the response. @default that one */
  readonly status?: number;
}

/** The pages, and when to use them. */
export interface ErrorDocumentsOptions {
  /** Pages by status (`404`) or class (`5xx`); the status wins. */
  readonly documents: Readonly<Record<string, ErrorDocument>>;
  /** Replaces `{{webmaster}}` in a page: the address of a person who can help. @default SERVER_ADMIN of the environ, or nothing */
  readonly webmaster?: string;
  /** Whether an error that the application throws counts as its status, or 500. @default true */
  readonly catchErrors?: boolean;
  /**
   * Whether clients that prefer JSON to HTML get problem details (RFC 9457) instead of a page. If the application itself answers them with
   * JSON and a 4xx status, that response stays, unless the document has another status. @default true
   */
  readonly json?: boolean;
}

/**
 * Replaces responses with certain statuses by pages. In a page, `{{status}}`, `{{reason}}`, `{{path}}` and `{{webmaster}}` are replaced,
 * and the values are escaped. If the page cannot be read, one line of text is sent. Headers that do not describe the content stay. A client
 * whose Accept prefers JSON gets JSON instead. A page of the application is requested without the conditions, ranges and body of the
 * request, and its freshness and version headers are dropped.
 *
 * In a pipeline: outside of the application whose errors it covers, inside of what compresses or logs.
 *
 * @throws MiddlewareOptionError when there is no document, or one for no status
 * @example
 * errorDocuments({ webmaster: "webmaster@example.org", documents: { 500: { file: "sorry.html", status: 503 } } })
 */
export function errorDocuments(options: ErrorDocumentsOptions): Middleware {
  const { documents, webmaster, catchErrors = true, json = true } = options;
  checkDocuments(documents);
  const find = (status: string): ErrorDocument | undefined =>
    documents[status.slice(0, 3)] ?? documents[`${status[0]}xx`];
  return function errorDocumentsMiddleware(application) {
    return function documented(environ, startResponse) {
      const page = (document: ErrorDocument, status: string, headers: HeaderList): WSGIApplication =>
        pageOf(document, { application, status, headers, webmaster, json });
      const caught = (error: unknown): WSGIBody | Promise<WSGIBody> => {
        const status = statusLine(statusOfError(error));
        const document = catchErrors ? find(status) : undefined;
        if (document === undefined || isRemoteFault(error)) throw error;
        const where = escapeText(`${environ.REQUEST_METHOD} ${pathOf(environ)}`);
        environ["wsgi.errors"].write(`Error handling ${where}: ${errorText(error)}\n`);
        // The server throws excInfo if the answer has begun.
        const replace: StartResponse = (line, headers) => startResponse(line, headers, asError(error));
        return page(document, status, [])(environ, replace);
      };
      try {
        const body = replaceResponse(application, environ, startResponse, ({ status, headers }) => {
          const document = status < "4" ? undefined : find(status);
          if (document === undefined) return null;
          if (json && document.status === undefined && isOwnProblem(environ, status, headers)) {
            addVary(headers, "Accept");
            return null;
          }
          return { kind: "instead", application: page(document, status, headers) };
        });
        return isPromise(body) ? body.catch(caught) : body;
      } catch (error) {
        return caught(error);
      }
    };
  };
}

/**
 * For INI files: `use = egg:tsgi#error-documents`, with the keys of {@link ErrorDocumentsOptions}. A line of `documents` is
 * `404 = /srv/404.html`, with another status `500 = 503 /srv/sorry.html`, from the application `404 = path:/errors/404`.
 */
export function filterFactory(globalConf: Configuration, localConf: Configuration): Middleware {
  return fromSection<ErrorDocumentsOptions>(errorDocuments, localConf, {
    documents(value, key) {
      const entries = Object.entries(pairs(value, key));
      return Object.fromEntries(entries.map(([status, line]) => [status, documentOf(line, fileIn(globalConf))]));
    },
    webmaster: text,
    catchErrors: flag,
    json: flag,
  });
}

/** The answer that was thrown away, and where another one may come from. */
interface Failure {
  readonly application: WSGIApplication;
  readonly status: string;
  readonly headers: HeaderList;
  readonly webmaster: string | undefined;
  readonly json: boolean;
}

/** Whether the application itself tells a program what is wrong with its request; of its own failures (5xx) nobody gets the details. */
function isOwnProblem(environ: WSGIEnvironment, status: string, headers: HeaderList): boolean {
  return status.startsWith("4") && isJson(findHeader(headers, "content-type") ?? "") && prefersJson(environ);
}

function pageOf(document: ErrorDocument, failure: Failure): WSGIApplication {
  const { status, headers } = failure;
  const line = document.status === undefined ? status : statusLine(document.status);
  const kept = headers.slice();
  dropContentFields(kept);
  if (failure.json) addVary(kept, "Accept");
  return async function errorPage(environ, startResponse) {
    if (failure.json && prefersJson(environ)) return sendAnswer(environ, startResponse, problem(line, kept));
    if (document.path !== undefined) return pageFromInside(document.path, line, kept, failure, environ, startResponse);
    const code = Number(line.slice(0, 3));
    let html = document.html;
    try {
      html ??= await readFile(document.file ?? "", "utf8");
    } catch (error) {
      environ["wsgi.errors"].write(`Cannot read the page for status ${escapeText(status)}: ${errorText(error)}\n`);
      return sendAnswer(environ, startResponse, { status: code, headers: kept });
    }
    const page = filledIn(html, line, environ, failure.webmaster);
    return sendAnswer(environ, startResponse, { status: code, html: page, headers: kept });
  };
}

/** Problem details that say no more than the status (RFC 9457 section 4.2.1). */
function problem(line: string, headers: HeaderList): Answer {
  const status = Number(line.slice(0, 3));
  const details = { type: "about:blank", title: statusLine(status).slice(4), status };
  return { status, text: JSON.stringify(details), type: "application/problem+json", headers };
}

/** Asks the application itself; its page gets the status of the error. */
function pageFromInside(
  path: string,
  line: string,
  kept: HeaderList,
  { application, status }: Failure,
  environ: WSGIEnvironment,
  startResponse: StartResponse,
): WSGIBody | Promise<WSGIBody> {
  const inner = pageRequest(environ, path);
  inner[ERROR_STATUS] = Number(status.slice(0, 3));
  inner[ERROR_PATH] = pathOf(environ);
  const start = changeHead(startResponse, (head) => {
    if (!head.status.startsWith("200")) {
      const statuses = escapeText(`for status ${status} answered with status ${head.status}`);
      environ["wsgi.errors"].write(`The page "${path}" ${statuses}\n`);
    }
    head.status = line;
    addKeptFields(head.headers, kept);
  });
  return application(inner, start);
}

/** The page has no version and no freshness here, where it stands for an error; what forbids to keep it counts. */
function addKeptFields(page: HeaderList, kept: HeaderList): void {
  for (const name of ["etag", "last-modified", "accept-ranges", "content-range", "expires", "age"])
    dropHeader(page, name);
  if (!/\b(?:no-store|no-cache|private)\b/i.test(findHeader(page, "cache-control") ?? ""))
    dropHeader(page, "cache-control");
  const own = new Set(page.map(([name]) => name.toLowerCase()));
  for (const [name, value] of kept) {
    if (name.toLowerCase() === "vary") for (const each of value.split(",")) addVary(page, each.trim());
    else if (name.toLowerCase() === "set-cookie" || !own.has(name.toLowerCase())) page.push([name, value]);
  }
}

function filledIn(html: string, line: string, environ: WSGIEnvironment, webmaster: string | undefined): string {
  const admin = environ["SERVER_ADMIN"];
  const values: Record<string, string> = {
    status: line.slice(0, 3),
    reason: line.slice(4),
    path: pathOf(environ),
    webmaster: webmaster ?? (typeof admin === "string" ? admin : ""),
  };
  return html.replaceAll(/\{\{(status|reason|path|webmaster)\}\}/g, (_, name: string) =>
    escapeHtml(values[name] ?? ""),
  );
}

function documentOf(line: string, file: OptionReader<string>): ErrorDocument {
  const [, code, place = ""] = /^(?:(\d{3})\s+)?(.*)$/.exec(line) ?? [];
  const status = code === undefined ? {} : { status: Number(code) };
  return place.startsWith("path:")
    ? { path: place.slice("path:".length), ...status }
    : { file: file(place, "documents"), ...status };
}

function checkDocuments(documents: ErrorDocumentsOptions["documents"] | undefined): void {
  const entries = Object.entries(documents ?? {});
  if (entries.length === 0)
    throw new MiddlewareOptionError('Option "documents" is missing; expected a page for a status');
  for (const [status, { file, path, html, status: other = 400 }] of entries) {
    if (!/^[45](?:\d\d|xx)$/.test(status)) {
      throw new MiddlewareOptionError(`Option "documents" names "${status}"; expected a status such as "404" or "5xx"`);
    }
    if ([file, path, html].filter((each) => each !== undefined && each !== "").length !== 1) {
      throw new MiddlewareOptionError(`Option "documents" has no place for ${status}; expected one file, path or page`);
    }
    if (path !== undefined && !path.startsWith("/")) {
      throw new MiddlewareOptionError(`Option "documents" has the path "${path}" for ${status}; expected one from "/"`);
    }
    if (!Number.isInteger(other) || other < 200 || other > 599) {
      throw new MiddlewareOptionError(`Option "documents" has the status ${other} for ${status}; expected 200 to 599`);
    }
  }
}

function pathOf(environ: WSGIEnvironment): string {
  return environ.SCRIPT_NAME + environ.PATH_INFO;
}
