// An application in a guest as one of ours. Source: PEP 3333.
import { EMPTY_INPUT } from "../../wsgi/input-stream.ts";
import type { StartResponse, WSGIApplication, WSGIBody, WSGIEnvironment } from "../../wsgi/types.ts";
import { GuestExchange } from "./guest-exchange.ts";
import type { GuestPool } from "./guest-pool.ts";
import { hasBody, readBody, type BodyLimits } from "./guest-request-body.ts";

/**
 * The application that sends each request to a pool.
 *
 * @param pool - the processes
 * @param inner - the application that the guest's filters call back; null where there is none
 */
export function guestApplication(pool: GuestPool, inner: WSGIApplication | null): WSGIApplication {
  const { dispatcher, settings } = pool;
  const limits: BodyLimits = {
    memoryBytes: settings.bodyMemoryBytes,
    fileBytes: settings.bodyFileBytes,
    earlyBytes: settings.bodyEarlyBytes,
    directory: settings.temporaryDirectory,
    isShared: settings.identity === null,
  };
  return function guest(environ: WSGIEnvironment, startResponse: StartResponse): Promise<WSGIBody> {
    const exchange = new GuestExchange(environ, startResponse, inner, performance.now());
    if (environ["wsgi.input"] === EMPTY_INPUT || !hasBody(environ)) {
      dispatcher.submit(exchange);
    } else {
      readBody(environ, limits, dispatcher).then(
        (body) => {
          exchange.body = body;
          dispatcher.submit(exchange);
        },
        (error: unknown) => exchange.reject(error),
      );
    }
    return exchange.answer;
  };
}
