// A server that speaks the uwsgi protocol, such as uWSGI, as an application. Source: uwsgi-docs.readthedocs.io, "The uwsgi Protocol". The answer is
// one of HTTP, on a connection that ends with it.
import { fromSection, integer, within, type Configuration } from "../../deploy/section-options.ts";
import { AnswerDecoder } from "../../http/answer-decoder.ts";
import { requestVariables } from "../../protocols/cgi/request-variables.ts";
import { encodeUwsgiHead } from "../../protocols/uwsgi/uwsgi-head.ts";
import { CGI_READERS, cgiPool, fixedVariables, withFixed, type CgiUpstreamOptions } from "../upstream/cgi-options.ts";
import { checkVariables, PlainRequest, withBody } from "../upstream/cgi-request.ts";
import { upstreamApplication, type UpstreamApplication } from "../upstream/upstream-application.ts";

/** What two bytes can count, without the lengths of names and values. */
const MAX_PACKET_BYTES = 65_535;

/** Options of {@link uwsgiApplication}. */
export interface UwsgiOptions extends CgiUpstreamOptions {
  /** Most bytes of the variables; longer ones get 431. uWSGI closes the connection when its own `buffer-size` is passed. @default 65535 */
  readonly maxVariableBytes?: number;
  /** Which plugin of uWSGI answers: 0 for Python, 5 for Perl, 7 for Ruby, 14 for PHP. @default 0 */
  readonly modifier1?: number;
}

/**
 * Makes an application that hands its requests on to uWSGI. The protocol makes a connection for each request.
 *
 * @throws OptionError when an option cannot be used
 * @example
 * export const application = uwsgiApplication({ upstream: "unix:/run/uwsgi.sock" });
 */
export function uwsgiApplication(options: UwsgiOptions): UpstreamApplication {
  const { authorization = true, pass = [], bufferBody = true } = options;
  const maxBytes = within(options.maxVariableBytes ?? MAX_PACKET_BYTES, "maxVariableBytes", 1, MAX_PACKET_BYTES);
  const modifier = String.fromCharCode(within(options.modifier1 ?? 0, "modifier1", 0, 255));
  const fixed = fixedVariables(options);
  return upstreamApplication(cgiPool("uwsgi", options), {
    emptyAnswerHint: `check its log, and its "buffer-size" (4096 bytes by default), which the headers of the request may have passed`,
    request: (environ) =>
      withBody(environ, bufferBody, (body) => {
        const told = requestVariables(environ, { contentLength: body.length, authorization, pass });
        // uWSGI looks for its application by both.
        if (environ.PATH_INFO === "") told.push(["PATH_INFO", ""]);
        const variables = withFixed(told, fixed);
        checkVariables(variables, maxBytes);
        const head = modifier + encodeUwsgiHead(variables).toString("latin1").slice(1);
        return new PlainRequest(head, body, (listener) => {
          const { REQUEST_METHOD: method } = environ;
          // A connection carries one request, whatever its head says.
          return new AnswerDecoder(method, {
            interim: (code, fields) => listener.interim(code, fields),
            head: (code, reason, fields) => listener.head(code, reason, fields),
            data: (chunk) => listener.data(chunk),
            complete: () => listener.complete(0),
          });
        });
      }),
  });
}

/** `egg:tsgi#uwsgi` of INI files, and the target `uwsgi://HOST:PORT`. */
export function appFactory(_globalConf: Configuration, localConf: Configuration): UpstreamApplication {
  return fromSection<UwsgiOptions, UpstreamApplication>(uwsgiApplication, localConf, {
    ...CGI_READERS,
    maxVariableBytes: integer,
    modifier1: integer,
  });
}
