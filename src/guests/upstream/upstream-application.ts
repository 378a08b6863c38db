// An application that hands its requests on to an upstream.
import { isPromise } from "../../wsgi/is-promise.ts";
import type { StartResponse, WSGIApplication, WSGIBody } from "../../wsgi/types.ts";
import { errorAnswer } from "./error-answer.ts";
import { RequestRefused } from "./errors.ts";
import { UpstreamCall } from "./upstream-call.ts";
import type { UpstreamPool, UpstreamStats } from "./upstream-pool.ts";
import type { UpstreamProtocol } from "./upstream-protocol.ts";

/** An application with connections of its own. */
export interface UpstreamApplication extends WSGIApplication {
  /** Closes the connections that are idle; what is being answered goes on, and new requests get 503. */
  close(): void;
  /** What it has done so far, and does now. */
  stats(): UpstreamStats;
}

/**
 * Makes an application of an upstream.
 *
 * @param protocol - how it is asked
 * @param name - of the function, for stacks
 */
export function upstreamApplication(pool: UpstreamPool, protocol: UpstreamProtocol): UpstreamApplication {
  const refuse = (error: unknown, startResponse: StartResponse): WSGIBody => {
    if (!(error instanceof RequestRefused)) throw error;
    return errorAnswer(error.status, startResponse);
  };
  const callUpstream: WSGIApplication = (environ, startResponse) => {
    try {
      const request = protocol.request(environ);
      if (!isPromise(request)) return new UpstreamCall(pool, environ, startResponse, request).answer;
      return request.then(
        (ready) => new UpstreamCall(pool, environ, startResponse, ready).answer,
        (error: unknown) => refuse(error, startResponse),
      );
    } catch (error) {
      return refuse(error, startResponse);
    }
  };
  return Object.assign(callUpstream, { close: () => pool.close(), stats: () => pool.stats });
}
