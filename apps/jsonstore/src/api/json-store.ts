// The API as an application: which method does what. Source: RFC 9110; docs/jsonstore.md.
import type { HeaderList, StartResponse, WSGIApplication, WSGIBody, WSGIEnvironment } from "tsgi/wsgi";
import { Problem } from "../problem.ts";
import { OPERATIONS, OPERATIONS_BY_METHOD, type OperationName } from "../operations.ts";
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

type Handler = (exchange: Exchange, settings: ApiSettings) => WSGIBody | Promise<WSGIBody>;

const HANDLERS: Readonly<Record<OperationName, Handler>> = {
  read: readNode,
  children: readChildren,
  watch: watchNode,
  page: (exchange, { page }) => sendPageFile(exchange, page, exchange.query.asset ?? INDEX),
  explain,
  options: sendOptions,
  put: putNode,
  post: postNode,
  patch: patchNode,
  delete: deleteNode,
};
const KNOWN_ELSEWHERE = ["CONNECT", "TRACE", "LINK", "UNLINK", "PROPFIND", "SEARCH", "QUERY"];

/** Returns the application that serves a store. */
export function jsonStore(settings: ApiSettings): WSGIApplication {
  return function serveDocument(environ, startResponse) {
    let exchange: Exchange | undefined;
    try {
      exchange = readExchange(environ, startResponse);
      const body = HANDLERS[operationOf(exchange, settings)](exchange, settings);
      return body instanceof Promise ? body.catch((error: unknown) => refuse(error, exchange, settings)) : body;
    } catch (error) {
      return refuse(error, exchange ?? { environ, startResponse }, settings);
    }
  };
}

function operationOf(exchange: Exchange, settings: ApiSettings): OperationName {
  const { REQUEST_METHOD: method } = exchange.environ;
  const [name] = OPERATIONS_BY_METHOD.get(method) ?? [];
  if (name === undefined) throw new Problem(KNOWN_ELSEWHERE.includes(method) ? "method-not-allowed" : "unknown-method");
  if (name === "read") return readingOf(exchange, settings);
  if (!isAllowed(name, settings)) throw new Problem("read-only");
  return name;
}

/** What a client wants that reads. */
function readingOf({ environ, query }: Exchange, { page }: ApiSettings): OperationName {
  const { HTTP_ACCEPT: accept } = environ;
  if (query.asset !== undefined) return "page";
  if (query.problem !== undefined) return "explain";
  if (query.isChildren) return "children";
  if (accept === undefined || accept === "*/*") return "read";
  if (accept.includes("text/event-stream")) return "watch";
  if (prefersHtml(accept) && page.files.has(INDEX)) return "page";
  if (!/application\/(?:json|\*)|\*\/\*|[+]json/.test(accept)) throw new Problem("not-acceptable");
  return "read";
}

/** The page of a code, which answers name as their type. */
function explain(exchange: Exchange): WSGIBody {
  const { problem: code = "" } = exchange.query;
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

function allowed(settings: ApiSettings): string {
  const methods = [...OPERATIONS_BY_METHOD].filter(([, [name]]) => name !== undefined && isAllowed(name, settings));
  return methods.map(([method]) => method).join(", ");
}

function isAllowed(name: OperationName, { isReadOnly }: ApiSettings): boolean {
  return !(isReadOnly && OPERATIONS[name].isChange);
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
