// The gateway between the HTTP engine and a WSGI application: exchange in, environ and answer out.
// Source: PEP 3333 "environ Variables", RFC 3875 section 4.1.
import type { Connection } from "../../http/connection.ts";
import type { ProtocolError } from "../../http/errors.ts";
import type { Exchange } from "../../http/exchange.ts";
import type { Variables } from "../../http/head-parser.ts";
import type { ExchangeHandler } from "../../http/server.ts";
import { TSGI_SIGNAL } from "../../wsgi/environ.ts";
import { WSGIErrorStream } from "../../wsgi/error-stream.ts";
import { FileWrapper } from "../../wsgi/file-wrapper.ts";
import { runApplication } from "../../wsgi/handler.ts";
import { EMPTY_INPUT, WSGIInputStream } from "../../wsgi/input-stream.ts";
import type {
  ErrorStream,
  FileLike,
  HeaderList,
  WSGIApplication,
  WSGIBody,
  WSGIEnvironment,
} from "../../wsgi/types.ts";
import type { AccessEntry } from "./access-entry.ts";

/** How a gateway presents requests and reports on them. */
export interface HttpGatewayOptions {
  /** Called once for each request that reached the application. */
  readonly accessLog?: ((entry: AccessEntry) => void) | undefined;
  /** `wsgi.errors`. @default the process's stderr */
  readonly errors?: ErrorStream | undefined;
  /** `wsgi.multiprocess`: other processes serve the same application. @default false */
  readonly isMultiprocess?: boolean | undefined;
  /** SERVER_SOFTWARE. @default "tsgi" */
  readonly serverSoftware?: string | undefined;
  /** Told of each request that was refused for its syntax or size. */
  readonly refused?: ((error: ProtocolError, remoteAddress: string) => void) | undefined;
  /** Told when a connection could not be accepted. */
  readonly acceptFailed?: ((error: Error) => void) | undefined;
}

const VERSION = [1, 0] as const;
const FILE_BLOCK_BYTES = 65_536;
const EXCHANGE = Symbol("exchange");

type GatewayEnviron = WSGIEnvironment & { [EXCHANGE]: Exchange | null };

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

/** An `ExchangeHandler` that calls an application. */
export class HttpGateway implements ExchangeHandler {
  readonly #application: WSGIApplication;
  readonly #accessLog: ((entry: AccessEntry) => void) | null;
  readonly #errors: ErrorStream;
  readonly #isMultiprocess: boolean;
  readonly #serverSoftware: string;
  readonly #options: HttpGatewayOptions;

  constructor(application: WSGIApplication, options: HttpGatewayOptions = {}) {
    this.#application = application;
    this.#accessLog = options.accessLog ?? null;
    this.#errors = options.errors ?? new WSGIErrorStream();
    this.#isMultiprocess = options.isMultiprocess ?? false;
    this.#serverSoftware = options.serverSoftware ?? "tsgi";
    this.#options = options;
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
      [EXCHANGE]: null,
    };
    return Object.defineProperty(environ, TSGI_SIGNAL, SIGNAL_PROPERTY);
  }

  handle(exchange: Exchange): void {
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
    if (this.#accessLog !== null) this.#logWhenOver(exchange, environ, this.#accessLog);
    const run = runApplication(this.#application, environ, exchange);
    if (!exchange.isOver) exchange.onAbort = (reason) => run.abort(reason);
  }

  refused(error: ProtocolError, connection: Connection): void {
    this.#options.refused?.(error, connection.endpoints.remoteAddress);
  }

  acceptFailed(error: Error): void {
    this.#options.acceptFailed?.(error);
  }

  #logWhenOver(exchange: Exchange, environ: WSGIEnvironment, accessLog: (entry: AccessEntry) => void): void {
    const startedAt = new Date();
    const start = performance.now();
    exchange.onOver = () =>
      accessLog({
        environ,
        status: exchange.statusCode,
        responseHeaders: exchange.fields as HeaderList,
        bodyBytes: exchange.bodyBytes,
        startedAt,
        elapsedMicroseconds: (performance.now() - start) * 1000,
        isAborted: exchange.isAborted,
      });
  }
}

function wrapFile(file: FileLike, blockSize?: number): WSGIBody {
  return new FileWrapper(file, blockSize ?? FILE_BLOCK_BYTES);
}

/** Stands for the function of a request until the request is there. */
function ignoreHints(): void {}
