// A script that is a CGI program. Source: RFC 3875; Python's wsgiref.handlers.CGIHandler.
import { TSGIError } from "../../errors.ts";
import { toApplication } from "../../wsgi/application.ts";
import type { WSGIApplicationLike } from "../../wsgi/types.ts";
import { answerCGI, type CGIOptions } from "./answer-cgi.ts";
import { takeRequest } from "./take-request.ts";

/**
 * Answers the request that this process was started for, and lets the process end: 0 when the answer was given, 12 when it was broken off.
 *
 * @param application - function, object or class
 * @param options - how the request is presented
 * @throws TSGIError when there is no CGI request in the environment; ContractViolation when it is no application
 * @example
 * #!/usr/bin/env node
 * import { runCGI } from "tsgi/gateways/cgi";
 * await runCGI(application);
 */
export async function runCGI(application: WSGIApplicationLike, options: CGIOptions = {}): Promise<void> {
  const called = toApplication(application);
  const taken = takeRequest();
  if (taken === null) {
    throw new TSGIError(
      "configuration",
      "ERR_TSGI_NO_CGI_REQUEST",
      "Expected a CGI request in the environment, but REQUEST_METHOD is not set; let a web server start this program",
    );
  }
  taken.end(await answerCGI(called, taken.request, options));
}
