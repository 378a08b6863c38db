// Restores the request headers from the CGI variables, for guests that need them by name. Source: RFC 3875 section 4.1.18.
import { EMPTY_INPUT } from "../wsgi/input-stream.ts";
import type { WSGIEnvironment } from "../wsgi/types.ts";

/** Names by variable; bounded, because clients invent them. */
const names = new Map<string, string>();
const MAX_CACHED = 512;

/** Returns names, in lower case, and values in turn, including Content-Type and Content-Length. */
export function requestHeaders(environ: WSGIEnvironment): string[] {
  const fields: string[] = [];
  for (const key of Object.keys(environ)) {
    if (!key.startsWith("HTTP_")) continue;
    const value = environ[key];
    if (typeof value === "string") fields.push(names.get(key) ?? nameOf(key), value);
  }
  const { CONTENT_TYPE: type, CONTENT_LENGTH: length } = environ;
  if (type) fields.push("content-type", type);
  if (length) fields.push("content-length", length);
  return fields;
}

function nameOf(variable: string): string {
  const name = variable.slice("HTTP_".length).toLowerCase().replaceAll("_", "-");
  if (names.size < MAX_CACHED) names.set(variable, name);
  return name;
}

/**
 * Whether a request has a body for its guest to read: one with a length, or one that ends by itself. What has no length need not have come in
 * chunks: HTTP/2 does without either, and a filter may have changed the body.
 */
export function hasBody(environ: WSGIEnvironment): boolean {
  if (environ["wsgi.input"] === EMPTY_INPUT) return false;
  const length = environ.CONTENT_LENGTH;
  if (length !== undefined && length !== "") return Number(length) > 0;
  return environ["wsgi.input_terminated"] === true;
}
