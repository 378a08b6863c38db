// An application as a fetch handler: for Bun, Deno, Cloudflare Workers, service workers, and whatever else answers a Request with a
// Response. Imports nothing of Node. Source: the Fetch standard; WinterTC's Minimum Common Web API; RFC 3875 section 4.1.
import { refusalStatus } from "../../http/error-page.ts";
import { ClientDisconnected } from "../../http/errors.ts";
import { DEFAULT_LIMITS } from "../../http/limits.ts";
import { toApplication } from "../../wsgi/application.ts";
import { TSGI_PLATFORM, TSGI_REQUEST_ID, TSGI_SIGNAL } from "../../wsgi/environ.ts";
import { WSGIErrorStream } from "../../wsgi/error-stream.ts";
import { EMPTY_INPUT, WSGIInputStream } from "../../wsgi/input-stream.ts";
import { mountUnder } from "../../wsgi/public-request.ts";
import type { ErrorStream, WSGIApplication, WSGIApplicationLike } from "../../wsgi/types.ts";
import { Answer, runAnswer } from "../answer.ts";
import {
  ANSWER,
  type GatewayEnviron,
  ignoreHints,
  SIGNAL_PROPERTY,
  wrapFile,
  WSGI_VERSION_1,
} from "../gateway-environ.ts";
import { InFlight } from "../in-flight.ts";
import { requestIdOf } from "../request-id.ts";
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
  readonly #application: WSGIApplication;
  readonly #errors: ErrorStream;
  readonly #maxBodyBytes: number;
  readonly #scriptName: string;
  readonly #serverSoftware: string;
  readonly #inFlight: InFlight;

  constructor(application: WSGIApplication, options: FetchHandlerOptions) {
    this.#application = application;
    this.#errors = options.errors ?? new WSGIErrorStream(writeToConsole);
    this.#maxBodyBytes = options.maxBodyBytes ?? DEFAULT_LIMITS.maxBodyBytes;
    this.#scriptName = options.scriptName ?? "";
    this.#serverSoftware = options.serverSoftware ?? "tsgi";
    this.#inFlight = new InFlight({ maxInFlight: options.maxInFlight }, this.#errors);
  }

  handle(request: Request, platform: readonly unknown[]): Response | Promise<Response> {
    const wire: ResponseWire = new ResponseWire((reason) => answer.abort(reason));
    const answer: Answer = new Answer(request.method, wire);
    try {
      this.#begin(request, platform, answer, wire);
    } catch (error) {
      // What cannot become an environ: the application was not called.
      if (refusalStatus(error) === 500) throw error;
      answer.fail(error);
    }
    return wire.response;
  }

  #begin(request: Request, platform: readonly unknown[], answer: Answer, wire: ResponseWire): void {
    const environ = this.#environ(request, platform, answer);
    const body = RequestBodySource.of(request, environ.CONTENT_LENGTH, this.#maxBodyBytes);
    if (body !== null) environ["wsgi.input"] = new WSGIInputStream(body);
    if (this.#scriptName !== "") mountUnder(environ, this.#scriptName);
    const { signal } = request;
    const leave = (): void => {
      const reason = new ClientDisconnected("The client disconnected before the response was complete", {
        cause: signal.reason as unknown,
      });
      body?.fail(reason);
      answer.abort(reason);
      wire.abandon(reason);
    };
    const over = (): void => {
      body?.close();
      signal.removeEventListener("abort", leave);
    };
    if (runAnswer(this.#application, environ, answer, this.#inFlight, over) === null) return;
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave);
  }

  #environ(request: Request, platform: readonly unknown[], answer: Answer): GatewayEnviron {
    const client = clientOf(request, platform);
    const environ: Omit<GatewayEnviron, typeof TSGI_SIGNAL> = {
      REQUEST_METHOD: request.method,
      SCRIPT_NAME: "",
      PATH_INFO: "",
      QUERY_STRING: "",
      REQUEST_URI: "",
      SERVER_NAME: "",
      SERVER_PORT: "",
      SERVER_PROTOCOL: "HTTP/1.1",
      SERVER_SOFTWARE: this.#serverSoftware,
      REMOTE_ADDR: client.address,
      REMOTE_PORT: client.port,
      "wsgi.version": WSGI_VERSION_1,
      "wsgi.url_scheme": "http",
      "wsgi.input": EMPTY_INPUT,
      "wsgi.errors": this.#errors,
      "wsgi.multithread": false,
      // Platforms start and stop instances as they like, and say nothing.
      "wsgi.multiprocess": true,
      "wsgi.run_once": false,
      "wsgi.input_terminated": true,
      "wsgi.file_wrapper": wrapFile,
      "wsgi.early_hints": ignoreHints,
      [TSGI_REQUEST_ID]: requestIdOf(undefined),
      [TSGI_PLATFORM]: platform,
      [ANSWER]: answer,
    };
    setRequestVariables(environ, request);
    return Object.defineProperty(environ, TSGI_SIGNAL, SIGNAL_PROPERTY) as GatewayEnviron; // now it has its signal
  }
}
