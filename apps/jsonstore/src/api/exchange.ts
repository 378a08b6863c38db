// A request as the API sees it.
import type { StartResponse, WSGIEnvironment } from "tsgi/wsgi";
import type { Path } from "../text/pointer.ts";
import { nodePath } from "./address.ts";
import { parseConditions, type Conditions } from "./conditions.ts";
import { parseQuery, type Query } from "./query.ts";

/** One request, and where its response begins. */
export interface Exchange {
  readonly environ: WSGIEnvironment;
  readonly startResponse: StartResponse;
  readonly path: Path;
  readonly query: Query;
  readonly conditions: Conditions;
}

/** Reads what all methods need. @throws Problem for what is malformed */
export function readExchange(environ: WSGIEnvironment, startResponse: StartResponse): Exchange {
  const query = parseQuery(environ.QUERY_STRING);
  const path = nodePath(environ, query.pointer);
  const conditions = parseConditions(environ.HTTP_IF_MATCH, environ.HTTP_IF_NONE_MATCH);
  return { environ, startResponse, path, query, conditions };
}

/** What a client prefers. Source: RFC 7240. */
export function prefersRepresentation({ HTTP_PREFER }: WSGIEnvironment): boolean {
  return HTTP_PREFER !== undefined && /(?:^|[,;\s])return\s*=\s*"?representation"?(?:$|[,;\s])/i.test(HTTP_PREFER);
}
