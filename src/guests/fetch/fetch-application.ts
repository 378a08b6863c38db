// A fetch handler (Hono, Elysia, H3, SvelteKit, React Router, Workers) as a WSGI application.
// Source: the Fetch standard; WinterTC's `export default { fetch }`.
import { STATUS_CODES } from "node:http";
import { ProtocolError } from "../../http/errors.ts";
import { ContractViolation } from "../../wsgi/errors.ts";
import { isHopByHop } from "../../wsgi/hop-by-hop.ts";
import { isPromise } from "../../wsgi/is-promise.ts";
import type { StartResponse, WSGIApplication, WSGIBody, WSGIEnvironment } from "../../wsgi/types.ts";
import { installLazyRequest, lazyRequest } from "./lazy-request.ts";
import { installLazyResponse, partsOf } from "./lazy-response.ts";
import { StreamBody } from "./stream-body.ts";

/** Answers a Request. It also gets `env` (the process's environment) and `ctx`, as in Workers. */
export type FetchFunction = (request: Request, ...platform: never[]) => unknown;

/** How a handler is called. */
type Call = (request: Request, env: NodeJS.ProcessEnv, ctx: FetchContext) => unknown;

/** The `ctx` of Workers, and what a Request has no place for. */
export interface FetchContext {
  /** The environ of the request, with the address of the client (`REMOTE_ADDR`) and what middleware has added. */
  readonly environ: WSGIEnvironment;
  /** Work that continues after the response; its errors go to `wsgi.errors`. */
  waitUntil(work: Promise<unknown>): void;
  /** Does nothing: there is no origin behind this application. */
  passThroughOnException(): void;
}

/** A function, or an object with one, such as an application of Hono. */
export type FetchHandlerLike = FetchFunction | { fetch: FetchFunction };

/** Chunks of a stream that are read before the first is sent, to see whether that is all: one of a text, two of most files in memory. */
const MOST_READ_AHEAD = 3;
const DOT_SEGMENT = /(?:^|\/)\.\.?(?:\/|$)/;

/**
 * Makes an application of a fetch handler. From the first call on, `Request` and `Response` are classes that make native objects as late as
 * possible; load modules that keep these globals after it.
 *
 * @param handler - `{ fetch }` or the function
 * @example
 * export const application = fetchApplication(new Hono().get("/", (c) => c.text("hello")));
 */
export function fetchApplication(handler: FetchHandlerLike): WSGIApplication {
  useLazyGlobals();
  // Whatever types it declares for the other parameters, it gets these.
  const call: Call =
    typeof handler === "function" ? (handler as Call) : (...values) => (handler as { fetch: Call }).fetch(...values);
  return function callFetch(environ, startResponse) {
    refuseDotSegments(environ);
    const answer = call(lazyRequest(environ), process.env, contextOf(environ));
    return isPromise(answer)
      ? answer.then((response) => respond(response, environ, startResponse))
      : respond(answer, environ, startResponse);
  };
}

/**
 * A URL cannot have the segments `.` and `..`: the standard takes them out. The handler would see another path than the filters in front
 * of it, which have let `/open/../admin` pass, and another than its mount allows.
 */
function refuseDotSegments({ SCRIPT_NAME, PATH_INFO }: WSGIEnvironment): void {
  if (!PATH_INFO.includes(".") && !SCRIPT_NAME.includes(".")) return;
  if (!DOT_SEGMENT.test(SCRIPT_NAME + PATH_INFO)) return;
  throw new ProtocolError(
    400,
    "ERR_HTTP_TARGET",
    "The path of the request has a segment '.' or '..', which no URL can have",
  );
}

let isInstalled = false;

/** Makes `Request` and `Response` lazy for applications that are loaded from now on. */
export function useLazyGlobals(): void {
  if (isInstalled) return;
  isInstalled = true;
  installLazyRequest();
  installLazyResponse();
}

function contextOf(environ: WSGIEnvironment): FetchContext {
  return {
    environ,
    waitUntil(work) {
      Promise.resolve(work).catch((error: unknown) => {
        environ["wsgi.errors"].write(`Error behind the answer: ${String(error)}\n`);
      });
    },
    passThroughOnException,
  };
}

function passThroughOnException(): void {}

function respond(
  response: unknown,
  environ: WSGIEnvironment,
  startResponse: StartResponse,
): WSGIBody | Promise<WSGIBody> {
  const parts = partsOf(response);
  if (parts === null) {
    throw new ContractViolation(
      "ERR_TSGI_NOT_A_RESPONSE",
      `Return a Response from the fetch handler; it returned ${typeof response}`,
    );
  }
  const { status, statusText, headers, body, isStreamOfAll, blobBytes } = parts;
  const line = `${status} ${statusText || (STATUS_CODES[status] ?? "Unknown")}`;
  const hasHopByHop = headers.some(isOfConnection);
  const sent = hasHopByHop ? headers.filter((field) => !isOfConnection(field)) : headers;
  if (blobBytes !== null && !hasHopByHop && !sent.some(([name]) => name.toLowerCase() === "content-length"))
    sent.push(["content-length", String(blobBytes)]);
  const write = startResponse(line, sent);
  if (body === null) return [];
  if (typeof body === "string") return [Buffer.from(body)];
  if (body instanceof Uint8Array) return [body];
  if (environ.REQUEST_METHOD === "HEAD") return abandoned(body);
  // Who says Transfer-Encoding wants it to be sent in chunks.
  return new StreamBody(body, environ).begun(write, isStreamOfAll && !hasHopByHop ? MOST_READ_AHEAD : 1);
}

function isOfConnection([name]: readonly [string, string]): boolean {
  return isHopByHop(name);
}

function abandoned(stream: ReadableStream<unknown>): WSGIBody {
  stream.cancel().catch(() => {});
  return [];
}
