// The short answers that middleware gives itself: a status, and a line of text or a page that says what happened.
// Source: RFC 9110 section 15 for the statuses; PEP 3333 for the calls.
import { reasonOf } from "../../reason-phrase.ts";
import type { HeaderList, StartResponse, WSGIApplication, WSGIBody, WSGIEnvironment } from "../../wsgi/types.ts";

/** A short response. */
export interface Answer {
  readonly status: number;
  /** Plain text. @default the reason of the status */
  readonly text?: string;
  /** A page instead of the text; it must be escaped already, see {@link escapeHtml}. */
  readonly html?: string;
  /** @default that of plain text, or of a page */
  readonly type?: string;
  /** In addition to Content-Type and Content-Length. */
  readonly headers?: Readonly<HeaderList>;
}

/** Returns the status line of a code, for `startResponse`: `404` becomes `"404 Not Found"`. */
export function statusLine(code: number): string {
  return `${code} ${reasonOf(code)}`;
}

/**
 * Sends a short response. The body is one chunk; HEAD, 1xx, 204 and 304 have none.
 *
 * @param environ - of the request
 * @param startResponse - of the server
 * @param answer - what to say
 */
export function sendAnswer(environ: WSGIEnvironment, startResponse: StartResponse, answer: Answer): WSGIBody {
  const { status, html, headers = [] } = answer;
  const line = statusLine(status);
  if (status < 200 || status === 204 || status === 304) {
    startResponse(line, copied(headers));
    return [];
  }
  const body = Buffer.from(html ?? `${answer.text ?? line.slice(4)}\n`);
  const type = answer.type ?? (html === undefined ? "text/plain; charset=utf-8" : "text/html; charset=utf-8");
  startResponse(line, [...copied(headers), ["Content-Type", type], ["Content-Length", String(body.length)]]);
  return environ.REQUEST_METHOD === "HEAD" ? [] : [body];
}

/** Returns an application that always sends the same response. */
export function answering(answer: Answer): WSGIApplication {
  return function answerAlways(environ, startResponse) {
    return sendAnswer(environ, startResponse, answer);
  };
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Escapes text for HTML elements and quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

function copied(headers: Readonly<HeaderList>): HeaderList {
  return headers.map(([name, value]) => [name, value]);
}
