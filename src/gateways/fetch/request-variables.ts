// The CGI variables of a Request. Its URL is cut by a pattern: `new URL` would cost as much as the rest of the environ. The platform
// has normalised it already, so REQUEST_URI is not what the client has sent. Source: RFC 3875 section 4.1.
import { withoutZeros } from "../../http/content-length.ts";
import { ProtocolError } from "../../http/errors.ts";
import { fieldVariable } from "../../http/field-variable.ts";
import { unescapeBytes } from "../../http/unescape-bytes.ts";
import type { WSGIEnvironment } from "../../wsgi/types.ts";

/** Variables of field names; bounded, because clients invent names. */
const variables = new Map<string, string>();
const MAX_CACHED = 512;

/** A Request's URL has a scheme, no user, and is encoded wherever it must be. */
const URL_PARTS = /^(https?):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?/;
const AUTHORITY = /^(.*?)(?::(\d*))?$/s;

/**
 * Sets what is known of the request.
 *
 * @param environ - is changed
 * @throws ProtocolError 400 for a path with a NUL
 */
export function setRequestVariables(environ: Omit<WSGIEnvironment, "tsgi.signal">, request: Request): void {
  const [, scheme, authority = "", rawPath = "", query] = URL_PARTS.exec(request.url) ?? [];
  const path = rawPath || "/";
  if (path.includes("%00")) throw new ProtocolError(400, "ERR_HTTP_TARGET", "The path of the request contains '%00'");
  environ["wsgi.url_scheme"] = scheme === "https" ? "https" : "http";
  environ.PATH_INFO = path.includes("%") ? unescapeBytes(path) : path;
  environ.QUERY_STRING = query ?? "";
  environ.REQUEST_URI = query === undefined ? path : `${path}?${query}`;
  setHeaders(environ, request.headers);
  const [, name = "", port = ""] = AUTHORITY.exec(authority) ?? [];
  environ.HTTP_HOST = authority;
  environ.SERVER_NAME = name;
  environ.SERVER_PORT = port || (scheme === "https" ? "443" : "80");
}

function setHeaders(environ: Record<string, unknown>, headers: Headers): void {
  // The fields of one name are one already, joined as their kind wants it.
  headers.forEach((value, name) => {
    const variable = variables.get(name) ?? understand(name);
    if (variable !== "") environ[variable] = variable === "CONTENT_LENGTH" ? withoutZeros(value) : value;
  });
}

/** The names of Headers are in lower case. */
function understand(name: string): string {
  const variable = fieldVariable(name);
  if (variables.size < MAX_CACHED) variables.set(name, variable);
  return variable;
}
