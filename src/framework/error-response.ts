// What a client sees of an error: a page, or problem+json for a program. Source: RFC 9457; Werkzeug's HTTPException for the page.
import { escapeHtml, statusLine } from "../middleware/writing/answer.ts";
import { statusOfError } from "../middleware/writing/thrown-error.ts";
import { isRemoteFault } from "../errors.ts";
import { prefersJson } from "../middleware/error-documents/prefers-json.ts";
import type { HeaderList, WSGIEnvironment } from "../wsgi/types.ts";
import { HTTPError, httpError } from "./http-error.ts";
import { HTML, Response } from "./response.ts";

const PROBLEM = "application/problem+json";

/** Gives the response of an error for which nobody has a handler. */
export function errorResponse(error: HTTPError, environ: WSGIEnvironment): Response {
  const { status, title, detail, headers, extensions } = error;
  const isProblem = Object.keys(extensions).length > 0 || prefersJson(environ);
  const own: HeaderList = headers.map(([name, value]) => [name, value]);
  if (isProblem) {
    const problem = { type: "about:blank", title, status, ...(detail === "" ? {} : { detail }), ...extensions };
    return Response.of(status, [...own, ["Content-Type", PROBLEM]], Buffer.from(JSON.stringify(problem)));
  }
  const text = detail === "" ? "" : `<p>${escapeHtml(detail)}</p>\n`;
  const page = `<!doctype html>\n<html lang="en">\n<title>${statusLine(status)}</title>\n<h1>${escapeHtml(title)}</h1>\n${text}`;
  return Response.of(status, [...own, ["Content-Type", HTML]], Buffer.from(page));
}

/** Gives the HTTP error that something thrown is; null for a fault of the application. */
export function asHttpError(thrown: unknown): HTTPError | null {
  if (thrown instanceof HTTPError) return thrown;
  if (!isRemoteFault(thrown)) return null;
  const status = statusOfError(thrown);
  return status < 500 ? httpError(status, (thrown as Error).message, { cause: thrown }) : null;
}
