// A request that middleware makes itself, for another page than the client has asked for. Source: RFC 9110 sections 13.1 and 14.2: conditions
// and ranges speak of the resource that was asked for, and of no other.
import { EMPTY_INPUT } from "../../wsgi/input-stream.ts";
import type { WSGIEnvironment } from "../../wsgi/types.ts";
import { addressOfPath, configuredPath } from "../writing/configured-path.ts";

/** Speak of the body of a request, or of its resource. */
const OF_THE_REQUEST =
  /^(?:CONTENT_.*|HTTP_(?:CONTENT_.*|IF_.*|DIGEST|REPR_DIGEST|RANGE|EXPECT|TRAILER|TRANSFER_ENCODING))$/;

/**
 * Gives the environ of a GET (or HEAD, where the client sent that) for another page of the same application.
 *
 * @param environ - of the request that the client sent; it stays as it is
 * @param path - of the page, with its query
 */
export function pageRequest(environ: WSGIEnvironment, path: string): WSGIEnvironment {
  const [, pathInfo = "", query = ""] = /^([^?]*)\??(.*)$/s.exec(path) ?? [];
  const kept = Object.entries(environ).filter(([key]) => !OF_THE_REQUEST.test(key));
  return {
    ...(Object.fromEntries(kept) as WSGIEnvironment), // all that is required is still there
    REQUEST_METHOD: environ.REQUEST_METHOD === "HEAD" ? "HEAD" : "GET",
    PATH_INFO: configuredPath(pathInfo, "path"),
    QUERY_STRING: addressOfPath(query),
    "wsgi.input": EMPTY_INPUT,
  };
}
