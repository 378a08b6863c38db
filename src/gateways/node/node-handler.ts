// An application as a `(req, res)` listener: for node:http, https and http2 servers, and for Express, Connect and Vite as middleware.
// Source: the documentation of node:http; connect's and Express's `originalUrl` and `baseUrl`; RFC 3875 section 4.1.
import type { Socket } from "node:net";
import { refusalStatus } from "../../http/error-page.ts";
import { ClientDisconnected } from "../../http/errors.ts";
import { type Endpoints, endpointsOf } from "../../http/endpoints.ts";
import { DEFAULT_LIMITS } from "../../http/limits.ts";
import { toApplication } from "../../wsgi/application.ts";
import { TSGI_REQUEST_ID, TSGI_SIGNAL } from "../../wsgi/environ.ts";
import { WSGIErrorStream } from "../../wsgi/error-stream.ts";
import { EMPTY_INPUT, WSGIInputStream } from "../../wsgi/input-stream.ts";
import { occasionally } from "../../wsgi/occasionally.ts";
import type { ErrorStream, WSGIApplication, WSGIApplicationLike } from "../../wsgi/types.ts";
import { Answer, runAnswer } from "../answer.ts";
import { ForwardedFields, isForwarded, type ForwardedField, USUAL_FORWARDED_FIELDS } from "../forwarded.ts";
import { ANSWER, type GatewayEnviron, SIGNAL_PROPERTY, wrapFile, WSGI_VERSION_1 } from "../gateway-environ.ts";
import { InFlight } from "../in-flight.ts";
import { requestIdOf } from "../request-id.ts";
import { TrustedProxies } from "../trusted-proxies.ts";
import { bodySourceOf } from "./message-body.ts";
import { setFields } from "./message-fields.ts";
import { pathsOf } from "./request-paths.ts";
import { MessageWire } from "./message-wire.ts";
import type { NodeRequest, NodeResponse } from "./node-message.ts";

/** How requests are presented to the application. */
export interface NodeHandlerOptions {
  /** The 404 answers of the application are left to the next handler, where there is one. @default false */
  readonly passNotFound?: boolean;
  /** `wsgi.errors`. @default the process's stderr */
  readonly errors?: ErrorStream;
  /** Peers that may say whom they speak for, with the `forwardedFields`: addresses, networks, `unix`, `*`. @default nobody */
  readonly trustedProxies?: string | readonly string[];
  /** Fields that these peers set. @default X-Forwarded-For, X-Forwarded-Proto */
  readonly forwardedFields?: readonly ForwardedField[];
  /** Longest body of a request, in bytes; longer gets 413. 0 means no limit. @default 1073741824 (1 GiB) */
  readonly maxBodyBytes?: number;
  /** Requests that the application works for at once; above it, clients get 503. 0 means no limit. @default 0 */
  readonly maxInFlight?: number;
  /** `wsgi.multiprocess`: other processes serve the same application. @default false */
  readonly isMultiprocess?: boolean;
  /** SERVER_SOFTWARE. @default "tsgi" */
  readonly serverSoftware?: string;
}

/** A listener for node:http, and a middleware for Express, Connect and Vite: an error before the answer has begun goes to `next`. */
export type NodeHandler = (request: NodeRequest, response: NodeResponse, next?: (error?: unknown) => void) => void;

/**
 * Makes a `(req, res)` listener of an application.
 *
 * @param application - function, object or class
 * @param options - how requests are presented
 * @throws ContractViolation when it is no application
 * @example
 * createServer(toNodeHandler(application)).listen(3000);
 * @example
 * express().use("/shop", toNodeHandler(application));
 */
export function toNodeHandler(application: WSGIApplicationLike, options: NodeHandlerOptions = {}): NodeHandler {
  const gateway = new NodeGateway(toApplication(application), options);
  return function handleRequest(request, response, next) {
    gateway.handle(request, response, typeof next === "function" ? next : null);
  };
}

class NodeGateway {
  readonly #application: WSGIApplication;
  readonly #errors: ErrorStream;
  readonly #isMultiprocess: boolean;
  readonly #serverSoftware: string;
  readonly #maxBodyBytes: number;
  readonly #passNotFound: boolean;
  readonly #trustedProxies: TrustedProxies | null;
  readonly #forwarded: ForwardedFields | null;
  readonly #inFlight: InFlight;

  constructor(application: WSGIApplication, options: NodeHandlerOptions) {
    this.#application = application;
    this.#errors = options.errors ?? new WSGIErrorStream();
    this.#isMultiprocess = options.isMultiprocess ?? false;
    this.#serverSoftware = options.serverSoftware ?? "tsgi";
    this.#maxBodyBytes = options.maxBodyBytes ?? DEFAULT_LIMITS.maxBodyBytes;
    this.#passNotFound = options.passNotFound ?? false;
    this.#inFlight = new InFlight({ maxInFlight: options.maxInFlight }, this.#errors);
    const { trustedProxies, forwardedFields = USUAL_FORWARDED_FIELDS } = options;
    this.#trustedProxies = trustedProxies === undefined ? null : TrustedProxies.parse(trustedProxies);
    const mayWarn = occasionally();
    const warn = (message: string): void => void (mayWarn() && this.#errors.write(`${message}\n`));
    this.#forwarded =
      this.#trustedProxies === null ? null : new ForwardedFields(this.#trustedProxies, forwardedFields, warn);
  }

  handle(request: NodeRequest, response: NodeResponse, next: ((error?: unknown) => void) | null): void {
    const answer = new Answer(request.method ?? "GET", new MessageWire(request, response, next, this.#passNotFound));
    try {
      this.#begin(request, response, answer);
    } catch (error) {
      if (refusalStatus(error) === 500) throw error;
      answer.fail(error);
    }
  }

  #begin(request: NodeRequest, response: NodeResponse, answer: Answer): void {
    const environ = this.#environ(request, answer);
    const body = bodySourceOf(request, environ.CONTENT_LENGTH, this.#maxBodyBytes);
    if (body !== null) environ["wsgi.input"] = new WSGIInputStream(body);
    const isRunning = runAnswer(this.#application, environ, answer, this.#inFlight, () => body?.close()) !== null;
    if (!isRunning) return;
    const leave = (): void => {
      if (answer.isOver) return;
      const reason = new ClientDisconnected("The client disconnected before the response was complete");
      body?.fail(reason);
      answer.abort(reason);
    };
    if (response.destroyed) leave();
    else response.once("close", leave);
  }

  #environ(request: NodeRequest, answer: Answer): GatewayEnviron {
    const endpoints = socketEndpoints(request.socket);
    const { scriptName, path, query, uri } = pathsOf(request);
    const environ: Omit<GatewayEnviron, typeof TSGI_SIGNAL> = {
      REQUEST_METHOD: request.method ?? "GET",
      SCRIPT_NAME: scriptName,
      PATH_INFO: path,
      QUERY_STRING: query,
      REQUEST_URI: uri,
      SERVER_NAME: endpoints.serverName,
      SERVER_PORT: endpoints.serverPort,
      SERVER_PROTOCOL: `HTTP/${request.httpVersion}`,
      SERVER_SOFTWARE: this.#serverSoftware,
      REMOTE_ADDR: endpoints.remoteAddress,
      REMOTE_PORT: endpoints.remotePort,
      "wsgi.version": WSGI_VERSION_1,
      "wsgi.url_scheme": endpoints.isSecure ? "https" : "http",
      "wsgi.input": EMPTY_INPUT,
      "wsgi.errors": this.#errors,
      "wsgi.multithread": false,
      "wsgi.multiprocess": this.#isMultiprocess,
      "wsgi.run_once": false,
      "wsgi.input_terminated": true,
      "wsgi.file_wrapper": wrapFile,
      "wsgi.early_hints": answer.earlyHints,
      [TSGI_REQUEST_ID]: "",
      [ANSWER]: answer,
    };
    if (endpoints.clientCertificate !== null) Object.assign(environ, endpoints.clientCertificate);
    setFields(environ, request.rawHeaders);
    const signalled = Object.defineProperty(environ, TSGI_SIGNAL, SIGNAL_PROPERTY) as GatewayEnviron; // now it has its signal
    const isTrusted = this.#trustedProxies?.isTrusted(endpoints.remoteAddress) === true;
    environ[TSGI_REQUEST_ID] = requestIdOf(isTrusted ? environ["HTTP_X_REQUEST_ID"] : undefined);
    if (isTrusted && isForwarded(signalled)) this.#forwarded?.apply(signalled);
    return signalled;
  }
}

/** A connection keeps its addresses, and most carry many requests. */
const known = new WeakMap<Socket, Endpoints>();

function socketEndpoints(socket: Socket): Endpoints {
  const found = known.get(socket);
  if (found !== undefined) return found;
  const endpoints = endpointsOf(socket);
  known.set(socket, endpoints);
  return endpoints;
}
