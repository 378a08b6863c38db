// What a client gets in place of an answer of an upstream: no details. Source: RFC 9110 section 15.6.
import { Buffer } from "node:buffer";
import { reasonOf } from "../../wsgi/reason-phrase.ts";
import type { HeaderList, StartResponse, WSGIBody } from "../../wsgi/types.ts";

/**
 * Answers with a plain page.
 *
 * @param excInfo - why the head that was announced before is replaced; null when there was none
 */
export function errorAnswer(status: number, startResponse: StartResponse, excInfo: Error | null = null): WSGIBody {
  const line = `${status} ${reasonOf(status)}`;
  const headers: HeaderList = [["Content-Type", "text/plain; charset=utf-8"]];
  if (status === 503) headers.push(["Retry-After", "1"]);
  startResponse(line, headers, excInfo);
  return [Buffer.from(`${line}\n`)];
}
