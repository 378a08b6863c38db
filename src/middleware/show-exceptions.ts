// Answers for an application that throws: a page with the stack and the source while developing, one plain line in production.
// Source: Rack's ShowExceptions and Werkzeug's DebuggedApplication (without their consoles); youch draws the page.
import type { Bytes, Middleware, StartResponse, WSGIBody, WSGIEnvironment } from "../wsgi/types.ts";
import { HIDDEN, isSecretName, withoutSecrets } from "../secret-name.ts";
import { errorText } from "../wsgi/error-text.ts";
import { escapeText } from "../wsgi/escape-text.ts";
import { sendAnswer, statusLine } from "./writing/answer.ts";
import { closeAfterError, closedWith } from "./writing/body-close.ts";
import { isPromise } from "../wsgi/is-promise.ts";
import { resumedBody } from "./writing/chunk-iterables.ts";
import { flag, fromSection, type Configuration } from "./writing/options.ts";
import { asError, statusOfError } from "./writing/thrown-error.ts";
import { isRemoteFault } from "../errors.ts";

/** How much to show. */
export interface ShowExceptionsOptions {
  /**
   * Whether the page shows stack, source and request. It reveals the code of the application, so never use it in production.
   *
   * @default false
   */
  readonly development?: boolean;
}

/**
 * Catches errors that the application throws before the first chunk of its response was sent, writes them to `wsgi.errors`, and answers
 * with the status of the error, or 500. In development, browsers get a page with stack and source, and other clients get the stack as text.
 * Otherwise the response is one line with the status. Later errors, and errors that are the client's fault, are passed on to the server.
 *
 * In a pipeline: around the application, inside of `errorDocuments`, `compress` and logs.
 */
export function showExceptions(options: ShowExceptionsOptions = {}): Middleware {
  const { development = false } = options;
  return function showExceptionsMiddleware(application) {
    return function shown(environ, startResponse) {
      let hasWritten = false;
      const observed: StartResponse = (status, headers, excInfo) => {
        const write = startResponse(status, headers, excInfo);
        return (data) => {
          hasWritten = true;
          return write(data);
        };
      };
      const caught = (error: unknown): WSGIBody | Promise<WSGIBody> => {
        if (hasWritten || isRemoteFault(error)) throw error;
        return answerError(error, environ, startResponse, development);
      };
      try {
        const body = application(environ, observed);
        if (isPromise(body)) return body.then((settled) => guarded(settled, caught), caught);
        return guarded(body, caught);
      } catch (error) {
        return caught(error);
      }
    };
  };
}

/** For INI files: `use = egg:tsgi#show-exceptions`, with the keys of {@link ShowExceptionsOptions}. */
export function filterFactory(_globalConf: Configuration, localConf: Configuration): Middleware {
  return fromSection<ShowExceptionsOptions>(showExceptions, localConf, { development: flag });
}

type Caught = (error: unknown) => WSGIBody | Promise<WSGIBody>;

/** A generator may throw too, before its first chunk; an array cannot. */
function guarded(body: WSGIBody, caught: Caught): WSGIBody | Promise<WSGIBody> {
  if (Array.isArray(body) || body === null || typeof body !== "object") return body; // what is no body, the server refuses
  if (Symbol.iterator in body) return guardedIterable(body, caught);
  return Symbol.asyncIterator in body ? closedWith(guardedAsyncIterable(body, caught), body) : body;
}

/** Asks for the first chunk here, where an error can still become another answer; a server would do so at once. */
function guardedIterable(body: WSGIBody & Iterable<Bytes>, caught: Caught): WSGIBody | Promise<WSGIBody> {
  const iterator = body[Symbol.iterator]();
  try {
    for (;;) {
      const result = iterator.next();
      if (result.done === true) return closedWith([], body);
      if (result.value.length > 0) return resumedBody(iterator, result, body);
    }
  } catch (error) {
    closeAfterError(body);
    return caught(error);
  }
}

async function* guardedAsyncIterable(body: AsyncIterable<Bytes>, caught: Caught): AsyncGenerator<Bytes> {
  let hasBegun = false;
  try {
    for await (const chunk of body) {
      hasBegun ||= chunk.length > 0;
      yield chunk;
    }
  } catch (error) {
    if (hasBegun) throw error;
    yield* await caught(error);
  }
}

function answerError(
  error: unknown,
  environ: WSGIEnvironment,
  startResponse: StartResponse,
  development: boolean,
): WSGIBody | Promise<WSGIBody> {
  const failure = asError(error);
  const stack = errorText(failure);
  const where = escapeText(`${environ.REQUEST_METHOD} ${environ.SCRIPT_NAME}${environ.PATH_INFO}`);
  environ["wsgi.errors"].write(`Error handling ${where}: ${stack}\n`);
  // The server throws excInfo if the answer has begun after all.
  const replace: StartResponse = (line, headers) => startResponse(line, headers, failure);
  const status = statusOfError(failure);
  const headers: [string, string][] = [["Cache-Control", "no-store"]];
  if (!development) return sendAnswer(environ, replace, { status, headers });
  if (!wantsHtml(environ)) return sendAnswer(environ, replace, { status, text: stack, headers });
  return debugPage(failure, environ, status).then(
    (html) => sendAnswer(environ, replace, { status, html, headers }),
    () => sendAnswer(environ, replace, { status, text: stack, headers }),
  );
}

/** The package is loaded when the first page is drawn: production never pays for it. */
async function debugPage(error: Error, environ: WSGIEnvironment, status: number): Promise<string> {
  const { Youch } = await import("youch");
  const youch = new Youch();
  const variables = Object.entries(environ)
    .filter((entry): entry is [string, string] => typeof entry[1] === "string")
    .map(([key, value]) => ({ key, value: isSecretName(key) ? HIDDEN : withoutSecrets(value) })); // pages get shared
  youch.metadata.group("Request", { Environ: variables });
  return youch.toHTML(error, { title: statusLine(status) });
}

function wantsHtml(environ: WSGIEnvironment): boolean {
  const accept = environ["HTTP_ACCEPT"];
  return typeof accept === "string" && accept.includes("text/html");
}
