// The gateway between the HTTP engine and a WSGI application: exchange in, environ and answer out.
// Source: PEP 3333 "environ Variables", RFC 3875 section 4.1.
import type { Connection } from "../../http/connection.ts";
import { DenseSet, type DenseMember } from "../../http/dense-set.ts";
import { type ProtocolError, ServiceError } from "../../http/errors.ts";
import type { Exchange } from "../../http/exchange.ts";
import type { Variables } from "../../http/head-parser.ts";
import type { ExchangeHandler } from "../../http/server.ts";
import { TSGI_REQUEST_ID, TSGI_SIGNAL } from "../../wsgi/environ.ts";
import { WSGIErrorStream } from "../../wsgi/error-stream.ts";
import { FileWrapper } from "../../wsgi/file-wrapper.ts";
import { runApplication, type ApplicationRun } from "../../wsgi/handler.ts";
import { EMPTY_INPUT, WSGIInputStream } from "../../wsgi/input-stream.ts";
import { occasionally } from "../../wsgi/occasionally.ts";
import { mountUnder } from "../../wsgi/public-request.ts";
import { isEndAwaited, requestEnded } from "../../wsgi/request-end.ts";
import type {
  ErrorStream,
  FileLike,
  HeaderList,
  WSGIApplication,
  WSGIBody,
  WSGIEnvironment,
} from "../../wsgi/types.ts";
import { AccessRecord, type AccessEntry } from "../access-entry.ts";
import { type ForwardedField, ForwardedFields, USUAL_FORWARDED_FIELDS } from "../forwarded.ts";
import { requestIdOf } from "../request-id.ts";
import type { TrustedProxies } from "../trusted-proxies.ts";

/** How a gateway presents requests and reports on them. */
export interface HttpGatewayOptions {
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
  /** Time from the head of a request to the begin of its answer, in seconds; then the client gets 504. 0 means no limit. @default 0 */
  readonly timeoutSeconds?: number | undefined;
  /** Requests that the application works for at once; above it the client gets 503 with Retry-After. 0 means no limit. @default 0 */
  readonly maxInFlight?: number | undefined;
  /** Told of each request that missed its deadline, before its client is answered. */
  readonly timedOut?: ((environ: WSGIEnvironment, elapsedSeconds: number) => void) | undefined;
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
const STARTED_AT = Symbol("startedAt");

type GatewayEnviron = WSGIEnvironment & {
  [EXCHANGE]: Exchange | null;
  /** When the head was complete, of the process's clock, in milliseconds; 0 when nobody wants to know. */
  [STARTED_AT]: number;
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

/** A request whose answer is not complete, or whose application still works. */
interface InFlight extends DenseMember {
  readonly exchange: Exchange;
  readonly environ: WSGIEnvironment;
  readonly run: ApplicationRun;
  /** Of the process's clock, in milliseconds. */
  readonly startedAt: number;
}

/** What can be told of a request whose answer is not complete. */
export interface RequestInFlight {
  readonly environ: WSGIEnvironment;
  readonly elapsedSeconds: number;
  /** The head of the answer has been sent. */
  readonly isSent: boolean;
  /** Nobody waits for it any more; the application still works. */
  readonly isOver: boolean;
}

/** An `ExchangeHandler` that calls an application. */
export class HttpGateway implements ExchangeHandler {
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
  readonly #timeoutSeconds: number;
  readonly #maxInFlight: number;
  /** Requests whose answer did not come in the same turn. */
  readonly #inFlight = new DenseSet<InFlight>();
  readonly #timedOut = new WeakSet<Exchange>();

  constructor(application: WSGIApplication, options: HttpGatewayOptions = {}) {
    this.#application = application;
    this.#accessLog = options.accessLog ?? null;
    this.#trustedProxies = options.trustedProxies ?? null;
    this.#errors = options.errors ?? new WSGIErrorStream();
    this.#isMultiprocess = options.isMultiprocess ?? false;
    this.#serverSoftware = options.serverSoftware ?? "tsgi";
    this.#timeoutSeconds = options.timeoutSeconds ?? 0;
    this.#maxInFlight = options.maxInFlight ?? 0;
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

  /** Requests that are being answered now, or that the application still works for although nobody waits any more. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** What is being answered now, in no order. */
  requestsInFlight(): RequestInFlight[] {
    const found: RequestInFlight[] = [];
    const now = performance.now();
    this.#inFlight.forEach(({ environ, exchange: { isSent, isOver }, startedAt }) => {
      found.push({ environ, elapsedSeconds: (now - startedAt) / 1000, isSent, isOver });
    });
    return found;
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
      [STARTED_AT]: 0,
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
    if (this.#accessLog !== null) {
      environ[STARTED_AT] = performance.now();
      exchange.onOver = this.#logOver;
    }
    if (this.#forwarded?.isIn(environ) === true && this.#isTrusted(connection)) this.#forwarded.apply(environ);
    if (exchange.scriptName !== null || this.#scriptName !== "") this.#mount(exchange, environ, connection);
    if (this.#maxInFlight > 0 && this.#inFlight.size >= this.#maxInFlight) {
      exchange.fail(
        new ServiceError(
          503,
          "ERR_TSGI_TOO_MANY_REQUESTS",
          `The limit of ${this.#maxInFlight} concurrent requests is reached`,
        ),
      );
      return;
    }
    const run = runApplication(this.#application, environ, exchange);
    if (!exchange.isOver) this.#await({ place: -1, exchange, environ, run, startedAt: performance.now() });
    else if (isEndAwaited()) requestEnded(exchange.signal, this.#errors);
  }

  /** Ends the requests that missed their deadline. */
  tick(): void {
    if (this.#timeoutSeconds === 0) return;
    const now = performance.now();
    this.#inFlight.forEach((flight) => {
      const elapsedSeconds = (now - flight.startedAt) / 1000;
      const { isSent, isOver } = flight.exchange;
      if (elapsedSeconds > this.#timeoutSeconds && !isSent && !isOver) this.#timeOut(flight, elapsedSeconds);
    });
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

  #await(flight: InFlight): void {
    const { exchange, run } = flight;
    this.#inFlight.add(flight);
    exchange.onAbort = (reason) => run.abort(reason);
    const { onOver } = exchange;
    exchange.onOver = (over) => {
      // Who was told 504, or has left, may have left the application working: its place is free when that has ended.
      if (run.isWorking) run.onRest = () => this.#rest(flight);
      else this.#rest(flight);
      onOver?.(over);
    };
  }

  #rest(flight: InFlight): void {
    this.#inFlight.delete(flight);
    if (isEndAwaited()) requestEnded(flight.exchange.signal, this.#errors);
  }

  #timeOut(flight: InFlight, elapsedSeconds: number): void {
    const error = new ServiceError(
      504,
      "ERR_TSGI_TIMEOUT",
      `The application did not start its response within ${this.#timeoutSeconds} seconds`,
    );
    this.#timedOut.add(flight.exchange);
    this.#options.timedOut?.(flight.environ, elapsedSeconds);
    flight.exchange.left(error);
    flight.exchange.fail(error);
    flight.run.abort(error);
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
  readonly #logOver = (exchange: Exchange): void => {
    const environ = exchange.variables as GatewayEnviron;
    const isTimedOut = exchange.statusCode === 504 && this.#timedOut.has(exchange);
    try {
      this.#accessLog?.(new AccessRecord(environ, environ[STARTED_AT], exchange, isTimedOut));
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
