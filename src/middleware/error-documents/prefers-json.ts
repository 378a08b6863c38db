// Whether a client is a program that reads JSON. Source: RFC 9110 section 12.5.1 (Accept).
import { mediaTypeOf } from "../../forms/media-type.ts";
import type { WSGIEnvironment } from "../../wsgi/types.ts";
import { mediaRangesOf } from "../writing/media-ranges.ts";

/**
 * Tells whether a client would rather have JSON than a page: it names JSON, and HTML less or not at all. What it takes by a wildcard says
 * nothing, since browsers and programs both send one.
 *
 * @param environ - of the request
 */
export function prefersJson(environ: WSGIEnvironment): boolean {
  const accept = environ["HTTP_ACCEPT"];
  if (typeof accept !== "string" || !/json/i.test(accept)) return false;
  let json = 0;
  let html = 0;
  for (const { name, quality } of mediaRangesOf(accept)) {
    if (isJson(name)) json = Math.max(json, quality);
    else if (name === "text/html" || name === "application/xhtml+xml") html = Math.max(html, quality);
  }
  return json > html;
}

/** Tells whether a media type, parameters apart, is JSON: `application/json`, or one with the suffix `+json` (RFC 6839). */
export function isJson(type: string): boolean {
  const name = mediaTypeOf(type);
  return name === "application/json" || name.endsWith("+json");
}
