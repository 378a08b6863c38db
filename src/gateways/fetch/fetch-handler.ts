// An application as a fetch handler: for Bun, Deno, Cloudflare Workers, service workers, and whatever else answers a Request with a
// Response. Imports nothing of Node. Source: the Fetch standard; WinterTC's Minimum Common Web API; RFC 3875 section 4.1.
import { refusalStatus } from "../../http/error-page.ts";
import { ClientDisconnected } from "../../http/errors.ts";
import { DEFAULT_LIMITS } from "../../http/limits.ts";
import { toApplication } from "../../wsgi/application.ts";
import { TSGI_PLATFORM, TSGI_REQUEST_ID } from "../../wsgi/environ.ts";
import { WSGIErrorStream } from "../../wsgi/error-stream.ts";
import { WSGIInputStream } from "../../wsgi/input-stream.ts";
import { mountUnder } from "../../wsgi/public-request.ts";
import type { ErrorStream, WSGIApplication, WSGIApplicationLike } from "../../wsgi/types.ts";
import type { AccessEntry } from "../access-entry.ts";
import { Answer } from "../answer.ts";
import { ApplicationCalls } from "../application-calls.ts";
import { ANSWER, type GatewayEnviron, newEnviron } from "../gateway-environ.ts";
import { requestIdOf } from "../request-id.ts";
import { watchDeadline } from "../watch-deadline.ts";
import { writeToConsole } from "./console-errors.ts";
import { clientOf } from "./platform.ts";
import { RequestBodySource } from "./request-body-source.ts";
import { setRequestVariables } from "./request-variables.ts";
import { ResponseWire } from "./response-wire.ts";

/** How requests are presented to the application. */
export interface FetchHandlerOptions {
  /** SCRIPT_NAME: the path under which the application is mounted, without a slash at its end. @default "" */
  readonly scriptName?: string;
  /** `wsgi.errors`. @default the console */
  readonly errors?: ErrorStream;
  /** Longest body of a request, in bytes; longer gets 413. 0 means no limit. @default 1073741824 (1 GiB) */
  readonly maxBodyBytes?: number;
  /** Requests that the application works for at once; above it, clients get 503. 0 means no limit. @default 0 */
  readonly maxInFlight?: number;
  /** Time from the request headers to the first byte of the response, in seconds; then the client gets 504. 0 means no limit. @default 0 */
  readonly timeoutSeconds?: number;
  /** Called once for each request, when its response is over. @default no access log */
  readonly accessLog?: (entry: AccessEntry) => void;
  /** SERVER_SOFTWARE. @default "tsgi" */
  readonly serverSoftware?: string;
}

/**
 * A fetch handler. What the platform passes beside the request (Bun's server, Deno's info, the `env` and `ctx` of Workers) is in
 * `tsgi.platform`.
 */
export type FetchHandler = (request: Request, ...platform: readonly unknown[]) => Response | Promise<Response>;

/**
 * Makes a fetch handler of an application.
 *
 * @param application - function, object or class
 * @param options - how requests are presented
 * @throws ContractViolation when it is no application
 * @example
 * export default { fetch: toFetchHandler(application) };
 */
export function toFetchHandler(application: WSGIApplicationLike, options: FetchHandlerOptions = {}): FetchHandler {
  const gateway = new FetchGateway(toApplication(application), options);
  return function handleRequest(request, ...platform) {
    return gateway.handle(request, platform);
  };
}

class FetchGateway {
  readonly #calls: ApplicationCalls;
  readonly #maxBodyBytes: number;
  readonly #scriptName: string;
  readonly #timeoutSeconds: number;

  constructor(application: WSGIApplication, options: FetchHandlerOptions) {
    const { errors = new WSGIErrorStream(writeToConsole), timeoutSeconds = 0 } = options;
    // Platforms start and stop instances as they like, and say nothing.
    this.#calls = new ApplicationCalls(application, { ...options, errors, isMultiprocess: true });
    this.#timeoutSeconds = timeoutSeconds;
    this.#maxBodyBytes = options.maxBodyBytes ?? DEFAULT_LIMITS.maxBodyBytes;
    this.#scriptName = options.scriptName ?? "";
  }

  handle(request: Request, platform: readonly unknown[]): Response | Promise<Response> {
    const wire: ResponseWire = new ResponseWire((reason) => answer.abort(reason));
    const answer = this.#answer(request, platform, wire);
    if (answer.isOver) return wire.response;
    this.#calls.call(answer.variables as GatewayEnviron, answer);
    const { signal } = request;
    if (!answer.isOver) {
      watchDeadline(this.#calls, answer, this.#timeoutSeconds);
      wire.watch(signal, () => {
        const reason = new ClientDisconnected("The client disconnected before the response was complete", {
          cause: signal.reason as unknown,
        });
        answer.abort(reason);
        wire.abandon(reason);
      });
    }
    return wire.response;
  }

  /** Makes the answer to a request; it is given already where the request cannot become an environ. */
  #answer(request: Request, platform: readonly unknown[], wire: ResponseWire): Answer {
    const { method } = request;
    try {
      const environ = this.#environ(request, platform);
      const body = RequestBodySource.of(request, environ.CONTENT_LENGTH, this.#maxBodyBytes);
      if (body !== null) environ["wsgi.input"] = new WSGIInputStream(body);
      if (this.#scriptName !== "") mountUnder(environ, this.#scriptName);
      const answer = new Answer({ method, variables: environ, body }, wire);
      environ[ANSWER] = answer;
      return answer;
    } catch (error) {
      const status = refusalStatus(error);
      if (status === 500) throw error;
      const answer = new Answer({ method, variables: {}, body: null }, wire);
      answer.fail(error);
      this.#calls.logRefused(this.#refusedEnviron(request, platform), status);
      return answer;
    }
  }

  /** For the access log: the target of a request that cannot become an environ. */
  #refusedEnviron(request: Request, platform: readonly unknown[]): GatewayEnviron {
    const environ = this.#newEnviron(request, platform);
    environ.REQUEST_URI = request.url.replace(/^[a-z]+:\/\/[^/?#]*/i, "");
    return environ;
  }

  #newEnviron(request: Request, platform: readonly unknown[]): GatewayEnviron {
    const { address, port } = clientOf(request, platform);
    const connection = { serverName: "", serverPort: "", remoteAddress: address, remotePort: port, isSecure: false };
    const environ = newEnviron(this.#calls, connection);
    environ.REQUEST_METHOD = request.method;
    environ.SERVER_PROTOCOL = "HTTP/1.1";
    return environ;
  }

  #environ(request: Request, platform: readonly unknown[]): GatewayEnviron {
    const environ = this.#newEnviron(request, platform);
    environ[TSGI_REQUEST_ID] = requestIdOf(undefined);
    environ[TSGI_PLATFORM] = platform;
    setRequestVariables(environ, request);
    return environ;
  }
}
