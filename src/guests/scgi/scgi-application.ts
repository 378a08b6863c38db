// An SCGI server as an application. Source: python.ca/scgi/protocol.txt.
import { fromSection, type Configuration } from "../../deploy/section-options.ts";
import { requestVariables } from "../../protocols/cgi/request-variables.ts";
import { encodeScgiHead } from "../../protocols/scgi/scgi-head.ts";
import { CgiAnswerDecoder } from "../upstream/cgi-answer-decoder.ts";
import { CGI_READERS, cgiPool, fixedVariables, withFixed, type CgiUpstreamOptions } from "../upstream/cgi-options.ts";
import { checkVariables, PlainRequest, withBody } from "../upstream/cgi-request.ts";
import { upstreamApplication, type UpstreamApplication } from "../upstream/upstream-application.ts";

/** Options of {@link scgiApplication}. */
export type ScgiOptions = CgiUpstreamOptions;

/**
 * Makes an application that hands its requests on to an SCGI server. SCGI makes a connection for each request.
 *
 * @throws OptionError when an option cannot be used
 * @example
 * export const application = scgiApplication({ upstream: "127.0.0.1:4000" });
 */
export function scgiApplication(options: ScgiOptions): UpstreamApplication {
  const { authorization = true, pass = [], bufferBody = true } = options;
  const fixed = fixedVariables(options);
  return upstreamApplication(cgiPool("scgi", options), {
    request: (environ) =>
      withBody(environ, bufferBody, (body) => {
        const told = requestVariables(environ, { contentLength: body.length, authorization, pass });
        const variables = withFixed(told, fixed);
        checkVariables(variables);
        return new PlainRequest(
          encodeScgiHead(variables).toString("latin1"),
          body,
          (listener) => new CgiAnswerDecoder(environ.REQUEST_METHOD, listener),
        );
      }),
  });
}

/** `egg:tsgi#scgi` of INI files, and the target `scgi://HOST:PORT`. */
export function appFactory(_globalConf: Configuration, localConf: Configuration): UpstreamApplication {
  return fromSection<ScgiOptions, UpstreamApplication>(scgiApplication, localConf, CGI_READERS);
}
