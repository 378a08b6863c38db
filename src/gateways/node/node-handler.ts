// An application as a `(req, res)` listener: for node:http, https and http2 servers, and for Express, Connect and Vite as middleware.
// Source: the documentation of node:http; connect's and Express's `originalUrl` and `baseUrl`; RFC 3875 section 4.1.
import type { Socket } from "node:net";
import { refusalStatus } from "../../http/error-page.ts";
import { ClientDisconnected } from "../../http/errors.ts";
import { type Endpoints, endpointsOf } from "../../http/endpoints.ts";
import { DEFAULT_LIMITS } from "../../http/limits.ts";
import { toApplication } from "../../wsgi/application.ts";
import { TSGI_REQUEST_ID } from "../../wsgi/environ.ts";
import { WSGIInputStream } from "../../wsgi/input-stream.ts";
import type { ErrorStream, WSGIApplication, WSGIApplicationLike } from "../../wsgi/types.ts";
import type { AccessEntry } from "../access-entry.ts";
import { Answer } from "../answer.ts";
import { ApplicationCalls } from "../application-calls.ts";
import { type ForwardedField, forwardedFieldsOf } from "../forwarded.ts";
import { ANSWER, type GatewayEnviron, newEnviron } from "../gateway-environ.ts";
import { requestIdOf } from "../request-id.ts";
import { TrustedProxies } from "../trusted-proxies.ts";
import { watchDeadline } from "../watch-deadline.ts";
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
  /** Time from the request headers to the first byte of the response, in seconds; then the client gets 504. 0 means no limit. @default 0 */
  readonly timeoutSeconds?: number;
  /** Called once for each request, when its response is over; not for what `next` has answered. @default no access log */
  readonly accessLog?: (entry: AccessEntry) => void;
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
  readonly #calls: ApplicationCalls;
  readonly #maxBodyBytes: number;
  readonly #passNotFound: boolean;
  readonly #timeoutSeconds: number;

  constructor(application: WSGIApplication, options: NodeHandlerOptions) {
    const { trustedProxies, forwardedFields } = options;
    const peers = trustedProxies === undefined ? undefined : TrustedProxies.parse(trustedProxies);
    this.#calls = new ApplicationCalls(application, options, (warn) =>
      forwardedFieldsOf({ trustedProxies: peers, forwardedFields }, warn),
    );
    this.#maxBodyBytes = options.maxBodyBytes ?? DEFAULT_LIMITS.maxBodyBytes;
    this.#passNotFound = options.passNotFound ?? false;
    this.#timeoutSeconds = options.timeoutSeconds ?? 0;
  }

  handle(request: NodeRequest, response: NodeResponse, next: ((error?: unknown) => void) | null): void {
    const answer = this.#answer(request, new MessageWire(request, response, next, this.#passNotFound));
    if (answer.isOver) return;
    this.#calls.call(answer.variables as GatewayEnviron, answer);
    if (answer.isOver) return;
    watchDeadline(this.#calls, answer, this.#timeoutSeconds);
    const leave = (): void =>
      answer.abort(new ClientDisconnected("The client disconnected before the response was complete"));
    if (response.destroyed) leave();
    else response.once("close", leave);
  }

  /** Makes the answer to a request; it is given already where the request cannot become an environ. */
  #answer(request: NodeRequest, wire: MessageWire): Answer {
    const { method = "GET" } = request;
    try {
      const environ = this.#environ(request);
      const body = bodySourceOf(request, environ, this.#maxBodyBytes);
      if (body !== null) environ["wsgi.input"] = new WSGIInputStream(body);
      const answer = new Answer({ method, variables: environ, body }, wire);
      environ["wsgi.early_hints"] = answer.earlyHints;
      environ[ANSWER] = answer;
      return answer;
    } catch (error) {
      const status = refusalStatus(error);
      if (status === 500) throw error;
      const answer = new Answer({ method, variables: {}, body: null }, wire);
      answer.fail(error);
      if (!answer.isPassedOn)
        this.#calls.logRefused(this.#newEnviron(request, socketEndpoints(request.socket)), status);
      return answer;
    }
  }

  #newEnviron(request: NodeRequest, endpoints: Endpoints): GatewayEnviron {
    const environ = newEnviron(this.#calls, endpoints);
    environ.REQUEST_METHOD = request.method ?? "GET";
    environ.REQUEST_URI = request.url ?? "";
    environ.SERVER_PROTOCOL = request.httpVersion === "1.1" ? "HTTP/1.1" : `HTTP/${request.httpVersion}`;
    return environ;
  }

  #environ(request: NodeRequest): GatewayEnviron {
    const endpoints = socketEndpoints(request.socket);
    const { remoteAddress, clientCertificate } = endpoints;
    const { scriptName, path, query, uri } = pathsOf(request);
    const environ = this.#newEnviron(request, endpoints);
    environ.SCRIPT_NAME = scriptName;
    environ.PATH_INFO = path;
    environ.QUERY_STRING = query;
    environ.REQUEST_URI = uri;
    if (clientCertificate !== null) Object.assign(environ, clientCertificate);
    setFields(environ, request.rawHeaders);
    const given = this.#calls.isTrusted(remoteAddress) ? environ["HTTP_X_REQUEST_ID"] : undefined;
    environ[TSGI_REQUEST_ID] = requestIdOf(given);
    this.#calls.believe(environ, remoteAddress);
    return environ;
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
