// Whether a client is a program that reads JSON. Source: RFC 9110 section 12.5.1 (Accept).
import type { WSGIEnvironment } from "../../wsgi/types.ts";

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
  for (const range of accept.toLowerCase().split(",")) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim());
    if (isJson(type)) json = Math.max(json, qualityOf(parameters));
    else if (type === "text/html" || type === "application/xhtml+xml") html = Math.max(html, qualityOf(parameters));
  }
  return json > html;
}

/** Tells whether a media type, parameters apart, is JSON: `application/json`, or one with the suffix `+json` (RFC 6839). */
export function isJson(type: string): boolean {
  const [name = ""] = type.toLowerCase().split(";", 1);
  return name.trim() === "application/json" || name.trim().endsWith("+json");
}

/** Nothing is 1; what is no number is 0. */
function qualityOf(parameters: readonly string[]): number {
  const quality = parameters.find((parameter) => parameter.startsWith("q="));
  return quality === undefined ? 1 : Number(quality.slice(2)) || 0;
}
