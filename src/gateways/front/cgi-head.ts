// The head of an answer as a web server in front reads it. Source: RFC 3875 section 6.3; measured: a Status field is understood by nginx,
// Apache and lighttpd in CGI, FastCGI and SCGI, a status line by all three in uwsgi; each is misunderstood by one of them elsewhere.
import type { ResponseHead } from "../../http/response-head.ts";

/** How the status is written: as the field `Status`, or as the first line of an HTTP answer. */
export type HeadForm = "status-field" | "status-line";

/** What stands before the status. */
const STARTS = { "status-field": "Status: ", "status-line": "HTTP/1.1 " } as const;

/**
 * Writes a head, with the empty line that ends it.
 *
 * @param head - checked: nothing in it can end a line early, and its status is a final one
 * @param length - of the body, to be announced when the application has not done so; -1 when it is not known
 */
export function cgiHead(head: ResponseHead, form: HeadForm, length: number): string {
  const { hasContentType, hasLocation, hasStatus } = head;
  // Apache runs the path of a Location with status 200 inside of itself, as CGI's local redirect (RFC 3875 section 6.2.2). To HTTP it
  // means nothing (RFC 9110 section 10.2.2).
  const isLocal = hasLocation && head.statusCode === 200;
  let text = STARTS[form] + (hasStatus || isLocal ? withoutFields(head.lines, isLocal) : head.lines);
  const { statusCode } = head;
  if (!hasContentType && statusCode !== 204 && statusCode !== 304) text += "Content-Type: application/octet-stream\r\n";
  if (length !== -1 && head.contentLength === -1) text += `Content-Length: ${length}\r\n`;
  return `${text}\r\n`;
}

/** Without the fields Status, which would be a second status, and Location. */
function withoutFields(text: string, isLocal: boolean): string {
  const pattern = isLocal ? /^(?:status|location):.*\r\n/gim : /^status:.*\r\n/gim;
  return text.replace(pattern, "");
}
