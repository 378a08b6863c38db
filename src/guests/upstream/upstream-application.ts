// An application that hands its requests on to an upstream.
import { isPromise } from "../../wsgi/is-promise.ts";
import { GatewayProtocolError } from "../../protocols/errors.ts";
import type { StartResponse, WSGIApplication, WSGIBody, WSGIEnvironment } from "../../wsgi/types.ts";
import { errorAnswer } from "../failed-answer.ts";
import { RequestRefused } from "./errors.ts";
import { UpstreamCall } from "./upstream-call.ts";
import type { UpstreamPool, UpstreamStats } from "./upstream-pool.ts";
import type { OutgoingRequest, UpstreamProtocol } from "./upstream-protocol.ts";

/** An application with connections of its own. */
export interface UpstreamApplication extends WSGIApplication {
  /** Closes the connections that are idle; what is being answered goes on, and new requests get 503. */
  close(): Promise<void>;
  /** What it has done so far, and does now. */
  stats(): UpstreamStats;
}

/**
 * Makes an application of an upstream.
 *
 * @param protocol - how it is asked
 */
export function upstreamApplication(pool: UpstreamPool, protocol: UpstreamProtocol): UpstreamApplication {
  const refuse = (error: unknown, startResponse: StartResponse): WSGIBody => {
    if (!(error instanceof RequestRefused || error instanceof GatewayProtocolError)) throw error;
    return errorAnswer(startResponse, error.status);
  };
  const call = (environ: WSGIEnvironment, startResponse: StartResponse, request: OutgoingRequest): Promise<WSGIBody> =>
    new UpstreamCall(pool, environ, startResponse, request, protocol.emptyAnswerHint).answer;
  const callUpstream: WSGIApplication = (environ, startResponse) => {
    try {
      const request = protocol.request(environ);
      if (!isPromise(request)) return call(environ, startResponse, request);
      return request.then(
        (ready) => call(environ, startResponse, ready),
        (error: unknown) => refuse(error, startResponse),
      );
    } catch (error) {
      return refuse(error, startResponse);
    }
  };
  return Object.assign(callUpstream, { close: () => pool.close(), stats: () => pool.stats });
}
