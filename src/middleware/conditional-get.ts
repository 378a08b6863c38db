// Answers 304 when the client has the response already. Source: RFC 9110 sections 13.1, 13.2.2 and 15.4.5; Rack's ConditionalGet.
import type { HeaderList, Middleware, WSGIEnvironment } from "../wsgi/types.ts";
import { findHeader } from "./writing/header-fields.ts";
import { readNoOptions, type Configuration } from "./writing/options.ts";
import { replaceResponse } from "./writing/replace-response.ts";

/** Describe the content that a 304 does not have. */
const CONTENT_FIELDS: ReadonlySet<string> = new Set([
  "content-type",
  "content-length",
  "content-digest",
  "content-md5",
  "content-encoding",
  "content-language",
  "content-range",
]);

/** IMF-fixdate, RFC 850 and asctime (RFC 9110 section 5.6.7): nothing that `Date.parse` may guess at. */
const HTTP_DATE =
  /^(?:[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT|[A-Z][a-z]+day, \d\d-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d GMT|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4})$/;

/**
 * Turns a 200 into a 304 without a body if If-None-Match names its ETag or, without that header, if If-Modified-Since is not before its
 * Last-Modified. The body is closed without being read. Only for GET and HEAD.
 *
 * In a pipeline: outside of `etag` and of everything that changes the body, `compress` included.
 */
export function conditionalGet(): Middleware {
  return function conditionalGetMiddleware(application) {
    return function unlessUnchanged(environ, startResponse) {
      if (!isConditional(environ)) return application(environ, startResponse);
      return replaceResponse(application, environ, startResponse, ({ status, headers }) => {
        if (!status.startsWith("200") || !isUnchanged(environ, validatorsOf(headers))) return null;
        return {
          kind: "instead",
          application: (_environ, start) => {
            start("304 Not Modified", headersOf304(headers));
            return [];
          },
        };
      });
    };
  };
}

/** For INI files: `use = egg:tsgi#conditional-get`, no options. */
export function filterFactory(_globalConf: Configuration, localConf: Configuration): Middleware {
  readNoOptions(localConf);
  return conditionalGet();
}

/** What tells one version of a resource from another. */
export interface Validators {
  readonly etag: string | null;
  /** An HTTP date. */
  readonly lastModified: string | null;
}

/**
 * Tells whether the client has this version already: If-None-Match by weak comparison, If-Modified-Since only without it.
 *
 * @param environ - of a GET or HEAD request
 */
export function isUnchanged(environ: WSGIEnvironment, { etag, lastModified }: Validators): boolean {
  const known = environ["HTTP_IF_NONE_MATCH"];
  if (typeof known === "string") return known.trim() === "*" || (etag !== null && matchesEtag(known, etag, "weak"));
  const since = environ["HTTP_IF_MODIFIED_SINCE"];
  if (typeof since !== "string" || lastModified === null) return false;
  const sinceTime = parseHttpDate(since);
  const modifiedTime = parseHttpDate(lastModified);
  return sinceTime !== null && modifiedTime !== null && modifiedTime <= sinceTime;
}

/**
 * Tells whether a list of entity tags names one (RFC 9110 section 8.8.3.2).
 *
 * @param list - of If-Match or If-None-Match; `*` matches every tag
 * @param comparison - with "strong" a weak tag matches nothing
 */
export function matchesEtag(list: string, etag: string, comparison: "weak" | "strong"): boolean {
  if (list.trim() === "*") return true;
  if (comparison === "strong" && etag.startsWith("W/")) return false;
  const wanted = etag.replace(/^W\//, "");
  for (const [tag, weakness] of list.matchAll(/(W\/)?"[^"]*"/g)) {
    if (weakness !== undefined && comparison === "strong") continue;
    if ((weakness === undefined ? tag : tag.slice(2)) === wanted) return true;
  }
  return false;
}

/** Reads an HTTP date; null when it is none. @returns milliseconds since 1970 */
export function parseHttpDate(text: string): number | null {
  if (!HTTP_DATE.test(text)) return null;
  const time = Date.parse(text.endsWith("GMT") ? text : `${text} GMT`);
  return Number.isNaN(time) ? null : time;
}

/** The headers of a 304 for what would have been a 200: all but those that describe the content. */
export function headersOf304(headers: HeaderList): HeaderList {
  return headers.filter(([name]) => !CONTENT_FIELDS.has(name.toLowerCase()));
}

function isConditional(environ: WSGIEnvironment): boolean {
  if (environ["HTTP_IF_NONE_MATCH"] === undefined && environ["HTTP_IF_MODIFIED_SINCE"] === undefined) return false;
  return environ.REQUEST_METHOD === "GET" || environ.REQUEST_METHOD === "HEAD";
}

function validatorsOf(headers: HeaderList): Validators {
  return { etag: findHeader(headers, "etag"), lastModified: findHeader(headers, "last-modified") };
}
