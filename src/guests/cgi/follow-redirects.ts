// A program may answer with the path of another answer, which is then given in its place. Source: RFC 3875 section 6.2.2; Apache for the
// variables REDIRECT_URL, REDIRECT_STATUS, and for ten as the most in a row.
import { unescapeBytes } from "../../http/unescape-bytes.ts";
import { EMPTY_INPUT } from "../../wsgi/input-stream.ts";
import { mountUnder } from "../../wsgi/public-request.ts";
import type { StartResponse, WSGIBody, WSGIEnvironment } from "../../wsgi/types.ts";
import { failedAnswer } from "../failed-answer.ts";
import type { ProgramAnswer } from "./program-call.ts";

/** Most redirects of one request. */
const MOST = 10;

/**
 * Answers a request, and follows local redirects.
 *
 * @param run - answers a request
 * @param isFollowed - otherwise the client is sent there, as it is for a path outside of the application
 */
export async function followRedirects(
  environ: WSGIEnvironment,
  startResponse: StartResponse,
  run: (environ: WSGIEnvironment) => Promise<ProgramAnswer>,
  isFollowed: boolean,
): Promise<WSGIBody> {
  let current = environ;
  for (let count = 0; count <= MOST; count += 1) {
    const answer = await run(current);
    if (!("localRedirect" in answer)) return answer;
    const next = isFollowed ? redirected(current, environ.SCRIPT_NAME, answer.localRedirect) : null;
    if (next === null) {
      startResponse("302 Found", [["Location", answer.localRedirect]]);
      return [];
    }
    current = next;
  }
  const reason = `Programs redirect each other in a circle: ${current.REQUEST_URI ?? ""}`;
  return failedAnswer(environ, startResponse, 502, reason);
}

/** The request for another path; null when it is outside of the mount. */
function redirected(environ: WSGIEnvironment, mount: string, location: string): WSGIEnvironment | null {
  const uri = location.replace(/#.*$/, "");
  const mark = uri.indexOf("?");
  const path = unescapeBytes(mark === -1 ? uri : uri.slice(0, mark));
  const mounted = { SCRIPT_NAME: "", PATH_INFO: path };
  if (!mountUnder(mounted, mount) || path.includes("\0")) return null;
  const { CONTENT_TYPE: _type, CONTENT_LENGTH: _length, HTTP_TRANSFER_ENCODING: _coding, ...rest } = environ;
  return {
    ...(rest as WSGIEnvironment), // what was taken out is optional
    REQUEST_METHOD: environ.REQUEST_METHOD === "HEAD" ? "HEAD" : "GET",
    ...mounted,
    QUERY_STRING: mark === -1 ? "" : uri.slice(mark + 1),
    REQUEST_URI: uri,
    REDIRECT_STATUS: "200",
    REDIRECT_URL: environ.SCRIPT_NAME + environ.PATH_INFO,
    "wsgi.input": EMPTY_INPUT,
  };
}
