// The short way of a request: a handler around which nothing is. Its commonest results, text and plain objects, leave at once and cost next to
// nothing; everything else goes the way of all requests.
import type { StartResponse, WSGIBody } from "../wsgi/types.ts";
import type { CompiledRoute } from "./compiled-route.ts";
import { Dispatch } from "./dispatch.ts";
import type { Request } from "./request.ts";
import { HTML, JSON_TYPE } from "./response.ts";

/**
 * Calls the handler of a route.
 *
 * @param route - that of the request; it is direct, and its chain plain
 */
export function runDirect(
  request: Request,
  route: CompiledRoute,
  startResponse: StartResponse,
  isDevelopment: boolean,
): WSGIBody | Promise<WSGIBody> {
  let result: unknown;
  let isText = false;
  let text: string | undefined;
  try {
    result = route.handler(request, request.params as never); // the values of its rule
    isText = typeof result === "string";
    text = isText ? (result as string) : isRecord(result) ? JSON.stringify(result) : undefined;
  } catch (error) {
    return new Dispatch(request, route.chain, route, null, isDevelopment).runAfter(startResponse, () => {
      throw error;
    });
  }
  if (text === undefined || request.takeAfterThis().length > 0) {
    return new Dispatch(request, route.chain, route, null, isDevelopment).runAfter(startResponse, () => result);
  }
  const body = Buffer.from(text);
  startResponse("200 OK", [
    ["Content-Type", isText ? HTML : JSON_TYPE],
    ["Content-Length", String(body.length)],
  ]);
  return request.environ.REQUEST_METHOD === "HEAD" ? [] : [body];
}

function isRecord(result: unknown): boolean {
  return typeof result === "object" && result !== null && Object.getPrototypeOf(result) === Object.prototype;
}
