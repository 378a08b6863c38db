// Makes a WSGI application of one that runs in a guest. Source: PEP 3333.
import { EMPTY_INPUT } from "../../wsgi/input-stream.ts";
import type { StartResponse, WSGIApplication, WSGIBody, WSGIEnvironment } from "../../wsgi/types.ts";
import { GuestExchange } from "./guest-exchange.ts";
import type { GuestSettings } from "./guest-options.ts";
import { hasBody } from "../request-headers.ts";
import { readBody, type BodyLimits, type UploadSlots } from "./guest-request-body.ts";

/** Accepts requests: the part of a pool that an application needs. */
export interface RequestTaker {
  readonly settings: GuestSettings;
  readonly dispatcher: UploadSlots & { submit(exchange: GuestExchange): void };
}

/**
 * The application that sends each request to a pool.
 *
 * @param pool - the processes
 * @param inner - the application that the guest's filters call back; null if there is none
 */
export function guestApplication(pool: RequestTaker, inner: WSGIApplication | null): WSGIApplication {
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
