// The gateway between the HTTP engine and a WSGI application: exchange in, environ and answer out.
// Source: PEP 3333 "environ Variables", RFC 3875 section 4.1.
import type { Connection } from "../../http/connection.ts";
import type { ProtocolError } from "../../http/errors.ts";
import type { Exchange, ExchangeListener } from "../../http/exchange.ts";
import type { Variables } from "../../http/head-parser.ts";
import type { HttpServerListener } from "../../http/server.ts";
import { TSGI_REQUEST_ID, TSGI_SIGNAL } from "../../wsgi/environ.ts";
import { WSGIErrorStream } from "../../wsgi/error-stream.ts";
import { FileWrapper } from "../../wsgi/file-wrapper.ts";
import { runApplication } from "../../wsgi/handler.ts";
import { EMPTY_INPUT, WSGIInputStream } from "../../wsgi/input-stream.ts";
import { occasionally } from "../../wsgi/occasionally.ts";
import { mountUnder } from "../../wsgi/public-request.ts";
import type {
  ErrorStream,
  FileLike,
  HeaderList,
  WSGIApplication,
  WSGIBody,
  WSGIEnvironment,
} from "../../wsgi/types.ts";
import { AccessRecord, type AccessEntry } from "../access-entry.ts";
import { type ForwardedField, ForwardedFields, isForwarded, USUAL_FORWARDED_FIELDS } from "../forwarded.ts";
import { type Flight, InFlight, type InFlightOptions, type RequestInFlight } from "../in-flight.ts";
import { requestIdOf } from "../request-id.ts";
import type { TrustedProxies } from "../trusted-proxies.ts";

/** How a gateway presents requests and reports on them. */
export interface HttpGatewayOptions extends InFlightOptions {
  /** Called once for each request, when it is over; also for those that were refused before they reached the application. */
  readonly accessLog?: ((entry: AccessEntry) => void) | undefined;
  /** `wsgi.errors`. @default the process's stderr */
  readonly errors?: ErrorStream | undefined;
  /** `wsgi.multiprocess`: other processes serve the same application. @default false */
  readonly isMultiprocess?: boolean | undefined;
  /** SERVER_SOFTWARE. @default "tsgi" */
  readonly serverSoftware?: string | undefined;
  /** Told of each request that was refused for its syntax or size. */
  readonly refused?: ((error: ProtocolError, remoteAddress: string) => void) | undefined;
  /** Peers that may say whom they speak for, with the `forwardedFields`. @default nobody */
  readonly trustedProxies?: TrustedProxies | undefined;
  /** Fields that these peers set. What they do not set, they pass on as a client sent it. @default X-Forwarded-For, X-Forwarded-Proto */
  readonly forwardedFields?: readonly ForwardedField[] | undefined;
  /** SCRIPT_NAME: the path under which the application is mounted, without a slash at its end. @default "" */
  readonly scriptName?: string | undefined;
  /** Told, once a minute at most, what a trusted peer should send otherwise. @default a line to `errors` */
  readonly warn?: ((message: string) => void) | undefined;
  /** Told when a connection could not be accepted. */
  readonly acceptFailed?: ((error: Error) => void) | undefined;
}

const VERSION = [1, 0] as const;
const FILE_BLOCK_BYTES = 65_536;
const EXCHANGE = Symbol("exchange");

type GatewayEnviron = WSGIEnvironment & {
  [EXCHANGE]: Exchange | null;
};

/**
 * `tsgi.signal` is made when somebody asks for it: an AbortController for each request would cost more than the rest of the environ.
 * The accessor is one object for all environs, so that they keep one shape.
 */
const SIGNAL_PROPERTY: PropertyDescriptor & ThisType<GatewayEnviron> = {
  get() {
    return this[EXCHANGE]?.signal;
  },
  set(value: unknown) {
    Object.defineProperty(this, TSGI_SIGNAL, { value, writable: true, enumerable: true, configurable: true });
  },
  enumerable: true,
  configurable: true,
};

/** Hears of one exchange, for all who want to know: its application, the requests in flight, the access log. */
class HandledExchange implements ExchangeListener {
  /** The request in flight; null while its application has been answering in the turn of its call. */
  flight: Flight | null = null;
  /** When the head was complete, of the process's clock, in milliseconds. */
  readonly startedAt = performance.now();
  readonly #log: ((handled: HandledExchange, exchange: Exchange) => void) | null;

  constructor(log: ((handled: HandledExchange, exchange: Exchange) => void) | null) {
    this.#log = log;
  }

  aborted(reason: Error): void {
    this.flight?.run.abort(reason);
  }

  over(exchange: Exchange): void {
    this.flight?.over();
    this.#log?.(this, exchange);
  }
}

/** An `HttpServerListener` that calls an application. */
export class HttpGateway implements HttpServerListener {
  readonly #application: WSGIApplication;
  readonly #accessLog: ((entry: AccessEntry) => void) | null;
  readonly #trustedProxies: TrustedProxies | null;
  /** Null when no peer is trusted. */
  readonly #forwarded: ForwardedFields | null;
  readonly #scriptName: string;
  readonly #errors: ErrorStream;
  readonly #isMultiprocess: boolean;
  readonly #serverSoftware: string;
  readonly #options: HttpGatewayOptions;
  /** Requests whose answer did not come in the same turn. */
  readonly #inFlight: InFlight;

  constructor(application: WSGIApplication, options: HttpGatewayOptions = {}) {
    this.#application = application;
    this.#accessLog = options.accessLog ?? null;
    this.#trustedProxies = options.trustedProxies ?? null;
    this.#errors = options.errors ?? new WSGIErrorStream();
    this.#isMultiprocess = options.isMultiprocess ?? false;
    this.#serverSoftware = options.serverSoftware ?? "tsgi";
    this.#inFlight = new InFlight(options, this.#errors);
    this.#options = options;
    this.#scriptName = options.scriptName ?? "";
    const { trustedProxies, forwardedFields = USUAL_FORWARDED_FIELDS } = options;
    const warn = options.warn ?? ((message) => this.#errors.write(`${message}\n`));
    const mayWarn = occasionally();
    this.#forwarded =
      trustedProxies === undefined
        ? null
        : new ForwardedFields(trustedProxies, forwardedFields, (message) => void (mayWarn() && warn(message)));
  }

  /** Requests begun so far. */
  get requestCount(): number {
    return this.#inFlight.requestCount;
  }

  /** Requests that are being answered now, or that the application still works for although nobody waits any more. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** What is being answered now, in no order. */
  requestsInFlight(): RequestInFlight[] {
    return this.#inFlight.requests();
  }

  /** The environ before the head is parsed: one literal, so that all environs share a shape; header fields are added by the parser. */
  newVariables(connection: Connection): Variables {
    const endpoints = connection.endpoints;
    const environ: Omit<GatewayEnviron, typeof TSGI_SIGNAL> = {
      REQUEST_METHOD: "",
      SCRIPT_NAME: "",
      PATH_INFO: "",
      QUERY_STRING: "",
      REQUEST_URI: "",
      SERVER_NAME: endpoints.serverName,
      SERVER_PORT: endpoints.serverPort,
      SERVER_PROTOCOL: "",
      SERVER_SOFTWARE: this.#serverSoftware,
      REMOTE_ADDR: endpoints.remoteAddress,
      REMOTE_PORT: endpoints.remotePort,
      "wsgi.version": VERSION,
      "wsgi.url_scheme": endpoints.isSecure ? "https" : "http",
      "wsgi.input": EMPTY_INPUT,
      "wsgi.errors": this.#errors,
      "wsgi.multithread": false,
      "wsgi.multiprocess": this.#isMultiprocess,
      "wsgi.run_once": false,
      "wsgi.input_terminated": true,
      "wsgi.file_wrapper": wrapFile,
      "wsgi.early_hints": ignoreHints,
      [TSGI_REQUEST_ID]: "",
      [EXCHANGE]: null,
    };
    if (endpoints.clientCertificate !== null) Object.assign(environ, endpoints.clientCertificate);
    return Object.defineProperty(environ, TSGI_SIGNAL, SIGNAL_PROPERTY);
  }

  handle(exchange: Exchange, connection: Connection): void {
    const environ = exchange.variables as GatewayEnviron;
    const { target } = exchange;
    environ.REQUEST_METHOD = exchange.method;
    environ.PATH_INFO = target.path;
    environ.QUERY_STRING = target.query;
    environ.REQUEST_URI = target.raw;
    environ.SERVER_PROTOCOL = exchange.minor === 1 ? "HTTP/1.1" : "HTTP/1.0";
    if (exchange.body !== null) environ["wsgi.input"] = new WSGIInputStream(exchange.body);
    environ["wsgi.early_hints"] = (headers: HeaderList) => exchange.earlyHints(headers);
    environ[EXCHANGE] = exchange;
    environ[TSGI_REQUEST_ID] = requestIdOf(this.#givenRequestId(environ, connection));
    // Most applications answer in this turn, and then only the log wants to know.
    const handled = this.#accessLog === null ? null : new HandledExchange(this.#log);
    exchange.listener = handled;
    if (this.#forwarded !== null && isForwarded(environ) && this.#isTrusted(connection)) this.#forwarded.apply(environ);
    if (exchange.scriptName !== null || this.#scriptName !== "") this.#mount(exchange, environ, connection);
    const refusal = this.#inFlight.begin();
    if (refusal !== null) {
      exchange.fail(refusal);
      return;
    }
    const run = runApplication(this.#application, environ, exchange);
    if (exchange.isOver) {
      this.#inFlight.ended(exchange);
      return;
    }
    const waiting = handled ?? new HandledExchange(null);
    waiting.flight = this.#inFlight.add(environ, exchange, run);
    exchange.listener = waiting;
  }

  /** Ends the requests that missed their deadline. */
  tick(): void {
    this.#inFlight.tick();
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
    this.#accessLog?.(new AccessRecord(environ, performance.now(), { statusCode: error.status, isRefused: true }));
  }

  acceptFailed(error: Error): void {
    this.#options.acceptFailed?.(error);
  }

  /** The name that a trusted peer has given to the request; anybody else could give many requests the same one. */
  #givenRequestId(environ: WSGIEnvironment, connection: Connection): unknown {
    const given = environ["HTTP_X_REQUEST_ID"];
    return given !== undefined && this.#isTrusted(connection) ? given : undefined;
  }

  #isTrusted(connection: Connection): boolean {
    return this.#trustedProxies?.isTrusted(connection.endpoints.remoteAddress) === true;
  }

  /** Says where the application is mounted: a trusted peer knows it better than the setting. */
  #mount({ scriptName }: Exchange, environ: WSGIEnvironment, connection: Connection): void {
    const isTold = scriptName !== null && this.#isTrusted(connection) && this.#forwarded?.mount(environ, scriptName);
    if (isTold !== true) mountUnder(environ, this.#scriptName);
  }

  /** One function for all exchanges: a closure for each would cost as much as the rest of its entry. */
  readonly #log = ({ flight, startedAt }: HandledExchange, exchange: Exchange): void => {
    try {
      const environ = exchange.variables as GatewayEnviron;
      this.#accessLog?.(new AccessRecord(environ, startedAt, exchange, flight?.isTimedOut === true));
    } catch (error) {
      // A log that fails must not take the connection with it.
      this.#errors.write(`Error writing the access log: ${String(error)}\n`);
    }
  };
}

function wrapFile(file: FileLike, blockSize?: number): WSGIBody {
  return new FileWrapper(file, blockSize ?? FILE_BLOCK_BYTES);
}

/** Stands for the function of a request until the request is there. */
function ignoreHints(): void {}
