// The API as an application: which method does what. Source: RFC 9110; docs/jsonstore.md.
import type { HeaderList, StartResponse, WSGIApplication, WSGIBody, WSGIEnvironment } from "tsgi/wsgi";
import { Problem } from "../problem.ts";
import { PROBLEMS, type ProblemCode } from "../problems.ts";
import { sendNothing, sendProblem, sendText } from "./answer.ts";
import { deleteNode, postNode, putNode } from "./change-node.ts";
import { readExchange, type Exchange } from "./exchange.ts";
import { PATCH_TYPES } from "./media-type.ts";
import { INDEX, prefersHtml, sendPageFile } from "./page.ts";
import { patchNode } from "./patch-node.ts";
import { readChildren } from "./read-children.ts";
import { readNode } from "./read-node.ts";
import { watchNode } from "./watch-node.ts";
import type { ApiSettings } from "./settings.ts";

type Method = (exchange: Exchange, settings: ApiSettings) => WSGIBody | Promise<WSGIBody>;

const READING: Readonly<Record<string, Method>> = { GET: read, HEAD: read, OPTIONS: sendOptions };
const CHANGING: Readonly<Record<string, Method>> = {
  PUT: putNode,
  POST: postNode,
  PATCH: patchNode,
  DELETE: deleteNode,
};
const KNOWN_ELSEWHERE = ["CONNECT", "TRACE", "LINK", "UNLINK", "PROPFIND", "SEARCH", "QUERY"];

/** Returns the application that serves a store. */
export function jsonStore(settings: ApiSettings): WSGIApplication {
  return function serveDocument(environ, startResponse) {
    let exchange: Exchange | undefined;
    try {
      exchange = readExchange(environ, startResponse);
      const body = methodOf(environ.REQUEST_METHOD, settings)(exchange, settings);
      return body instanceof Promise ? body.catch((error: unknown) => refuse(error, exchange, settings)) : body;
    } catch (error) {
      return refuse(error, exchange ?? { environ, startResponse }, settings);
    }
  };
}

function methodOf(name: string, { isReadOnly }: ApiSettings): Method {
  const reading = Object.hasOwn(READING, name) ? READING[name] : undefined;
  if (reading !== undefined) return reading;
  const changing = Object.hasOwn(CHANGING, name) ? CHANGING[name] : undefined;
  if (changing === undefined)
    throw new Problem(KNOWN_ELSEWHERE.includes(name) ? "method-not-allowed" : "unknown-method");
  if (isReadOnly) throw new Problem("read-only");
  return changing;
}

function read(exchange: Exchange, settings: ApiSettings): WSGIBody | Promise<WSGIBody> {
  const { environ, query } = exchange;
  const { HTTP_ACCEPT: accept } = environ;
  if (query.asset !== undefined) return sendPageFile(exchange, settings.page, query.asset);
  if (query.problem !== undefined) return explain(exchange, query.problem);
  if (query.isChildren) return readChildren(exchange, settings);
  if (accept === undefined || accept === "*/*") return readNode(exchange, settings);
  if (accept.includes("text/event-stream")) return watchNode(exchange, settings);
  if (prefersHtml(accept) && settings.page.files.has(INDEX)) return sendPageFile(exchange, settings.page, INDEX);
  if (!/application\/(?:json|\*)|\*\/\*|[+]json/.test(accept)) throw new Problem("not-acceptable");
  return readNode(exchange, settings);
}

/** The page of a code, which answers name as their type. */
function explain(exchange: Exchange, code: string): WSGIBody {
  if (!Object.hasOwn(PROBLEMS, code)) throw new Problem("bad-parameter", { detail: `No problem is called "${code}"` });
  const [status, title, advice] = PROBLEMS[code as ProblemCode]; // an own key of the table
  return sendText(exchange, 200, `${code} (${status})\n${title}.\n${advice}\n`, [], "text/plain; charset=utf-8");
}

function sendOptions(exchange: Exchange, settings: ApiSettings): WSGIBody {
  return sendNothing(exchange, 204, [
    ["Allow", allowed(settings)],
    ["Accept-Patch", PATCH_TYPES.join(", ")],
  ]);
}

function allowed({ isReadOnly }: ApiSettings): string {
  return [...Object.keys(READING), ...(isReadOnly ? [] : Object.keys(CHANGING))].join(", ");
}

/** What was refused becomes an answer; what is not is for the server, which logs it. */
function refuse(
  error: unknown,
  exchange: { readonly environ: WSGIEnvironment; readonly startResponse: StartResponse } | undefined,
  settings: ApiSettings,
): WSGIBody {
  if (!(error instanceof Problem) || exchange === undefined) throw error;
  const headers: HeaderList = [];
  if (error.kind === "method-not-allowed") headers.push(["Allow", allowed(settings)]);
  if (error.kind === "unsupported-type") headers.push(["Accept-Patch", PATCH_TYPES.join(", ")]);
  if (error.status === 500 || error.status === 507) {
    const cause = error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : String(error.cause);
    exchange.environ["wsgi.errors"].write(`JSONStore: ${error.message}: ${cause}\n`);
  }
  return sendProblem(exchange, error, headers);
}
