// What a client gets when a program or a server behind cannot answer.
import { errorPage } from "../http/error-page.ts";
import type { StartResponse, WSGIBody, WSGIEnvironment } from "../wsgi/types.ts";

/**
 * Answers with the plain page of an error. The client is not told why; the log is.
 *
 * @param status - 502 for an answer that is none, 503 when there is no room, 504 when it takes too long, 500 for a mistake of the operator
 * @param reason - for the log: what happened, and what to do
 */
export function failedAnswer(
  environ: WSGIEnvironment,
  startResponse: StartResponse,
  status: number,
  reason: string,
): WSGIBody {
  environ["wsgi.errors"].write(`${reason}\n`);
  const page = errorPage(status);
  startResponse(
    page.status,
    page.fields.map(([name, value]) => [name, value]),
  );
  return [page.body];
}
