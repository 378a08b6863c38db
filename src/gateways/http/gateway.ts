// The gateway between the HTTP engine and a WSGI application: exchange in, environ and answer out.
// Source: PEP 3333 "environ Variables", RFC 3875 section 4.1.
import type { Connection } from "../../http/connection.ts";
import type { ProtocolError } from "../../http/errors.ts";
import type { Exchange } from "../../http/exchange.ts";
import type { Variables } from "../../http/head-parser.ts";
import type { HttpServerListener } from "../../http/server.ts";
import { TSGI_REQUEST_ID } from "../../wsgi/environ.ts";
import { WSGIInputStream } from "../../wsgi/input-stream.ts";
import { mountUnder } from "../../wsgi/public-request.ts";
import type { HeaderList, WSGIApplication, WSGIEnvironment } from "../../wsgi/types.ts";
import { ApplicationCalls, type CallOptions } from "../application-calls.ts";
import { ANSWER, type GatewayEnviron, newEnviron } from "../gateway-environ.ts";
import { forwardedFieldsOf, type TrustOptions } from "../forwarded.ts";
import type { RequestInFlight } from "../in-flight.ts";
import { requestIdOf } from "../request-id.ts";

/** How a gateway presents requests and reports on them. */
export interface HttpGatewayOptions extends CallOptions, TrustOptions {
  /** Told of each request that was refused for its syntax or size. */
  readonly refused?: ((error: ProtocolError, remoteAddress: string) => void) | undefined;
  /** SCRIPT_NAME: the path under which the application is mounted, without a slash at its end. @default "" */
  readonly scriptName?: string | undefined;
  /** Told when a connection could not be accepted. */
  readonly acceptFailed?: ((error: Error) => void) | undefined;
}

/** An `HttpServerListener` that calls an application. */
export class HttpGateway implements HttpServerListener {
  /** For gateways of other protocols that serve the same application. */
  readonly calls: ApplicationCalls;
  readonly #options: HttpGatewayOptions;
  readonly #scriptName: string;

  constructor(application: WSGIApplication, options: HttpGatewayOptions = {}) {
    this.calls = new ApplicationCalls(application, options, (warn) => forwardedFieldsOf(options, warn));
    this.#options = options;
    this.#scriptName = options.scriptName ?? "";
  }

  /** Requests begun so far. */
  get requestCount(): number {
    return this.calls.requestCount;
  }

  /** Requests that are being answered now, or that the application still works for although nobody waits any more. */
  get inFlight(): number {
    return this.calls.inFlight;
  }

  /** What is being answered now, in no order. */
  requestsInFlight(): RequestInFlight[] {
    return this.calls.requestsInFlight();
  }

  /** The environ before the head is parsed; the parser adds the header fields. */
  newVariables({ endpoints }: Connection): Variables {
    const environ = newEnviron(this.calls, endpoints);
    if (endpoints.clientCertificate !== null) Object.assign(environ, endpoints.clientCertificate);
    return environ;
  }

  handle(exchange: Exchange, connection: Connection): void {
    const environ = exchange.variables as GatewayEnviron;
    const { target } = exchange;
    const peer = connection.endpoints.remoteAddress;
    environ.REQUEST_METHOD = exchange.method;
    environ.PATH_INFO = target.path;
    environ.QUERY_STRING = target.query;
    environ.REQUEST_URI = target.raw;
    environ.SERVER_PROTOCOL = exchange.minor === 1 ? "HTTP/1.1" : "HTTP/1.0";
    if (exchange.body !== null) environ["wsgi.input"] = new WSGIInputStream(exchange.body);
    environ["wsgi.early_hints"] = (headers: HeaderList) => exchange.earlyHints(headers);
    if (environ["HTTP_UPGRADE"] !== undefined && exchange.isUpgradable)
      environ["tsgi.upgrade"] = (protocol) => new WSGIInputStream(exchange.upgrade(protocol));
    environ[ANSWER] = exchange;
    environ[TSGI_REQUEST_ID] = requestIdOf(this.#givenRequestId(environ, peer));
    this.calls.believe(environ, peer);
    if (exchange.scriptName !== null || this.#scriptName !== "") this.#mount(exchange, environ, peer);
    this.calls.call(environ, exchange);
  }

  /** Ends the requests that missed their deadline. */
  tick(): void {
    this.calls.tick();
  }

  refused(error: ProtocolError, connection: Connection): void {
    this.#options.refused?.(error, connection.endpoints.remoteAddress);
    const { method, minor, target, variables } = connection.unansweredHead;
    const environ = (target === null ? this.newVariables(connection) : variables) as GatewayEnviron;
    environ[TSGI_REQUEST_ID] = requestIdOf(undefined);
    if (target !== null) {
      environ.REQUEST_METHOD = method;
      environ.PATH_INFO = target.path;
      environ.QUERY_STRING = target.query;
      environ.REQUEST_URI = target.raw;
      environ.SERVER_PROTOCOL = minor === 1 ? "HTTP/1.1" : "HTTP/1.0";
    }
    this.calls.logRefused(environ, error.status);
  }

  acceptFailed(error: Error): void {
    this.#options.acceptFailed?.(error);
  }

  /** The name that a trusted peer has given to the request; anybody else could give many requests the same one. */
  #givenRequestId(environ: WSGIEnvironment, peer: string): unknown {
    const given = environ["HTTP_X_REQUEST_ID"];
    return given !== undefined && this.calls.isTrusted(peer) ? given : undefined;
  }

  /** Says where the application is mounted: a trusted peer knows it better than the setting. */
  #mount({ scriptName }: Exchange, environ: WSGIEnvironment, peer: string): void {
    const isTold = scriptName !== null && this.calls.mount(environ, scriptName, peer);
    if (!isTold) mountUnder(environ, this.#scriptName);
  }
}
