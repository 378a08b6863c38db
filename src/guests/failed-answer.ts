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
  return errorAnswer(startResponse, status);
}

/**
 * Answers with the plain page of an error, of which no log need hear.
 *
 * @param excInfo - why a head is replaced that was announced before; null when there was none
 */
export function errorAnswer(startResponse: StartResponse, status: number, excInfo: Error | null = null): WSGIBody {
  const page = errorPage(status);
  startResponse(
    page.status,
    page.fields.map(([name, value]) => [name, value]),
    excInfo,
  );
  return [page.body];
}
