// The calls of one application, whatever protocols its requests come by: how many there may be and how long each may take, who is believed
// when it speaks for a client, and what the access log is told.
import type { ResponseSink } from "../wsgi/handler.ts";
import { runApplication } from "../wsgi/handler.ts";
import { WSGIErrorStream } from "../wsgi/error-stream.ts";
import { occasionally } from "../wsgi/occasionally.ts";
import type { ErrorStream, WSGIApplication, WSGIEnvironment } from "../wsgi/types.ts";
import { AccessRecord, type AccessEntry, type AnsweredExchange } from "./access-entry.ts";
import type { ForwardedFields } from "./forwarded.ts";
import { type AnswerInFlight, type Flight, InFlight, type InFlightOptions, type RequestInFlight } from "./in-flight.ts";

/** How requests are presented to an application, and who hears of them. */
export interface CallOptions extends InFlightOptions {
  /** Called once for each request, when it is over; also for those that were refused before they reached the application. */
  readonly accessLog?: ((entry: AccessEntry) => void) | undefined;
  /** `wsgi.errors`. @default the process's stderr */
  readonly errors?: ErrorStream | undefined;
  /** `wsgi.multiprocess`: other processes serve the same application. @default false */
  readonly isMultiprocess?: boolean | undefined;
  /** SERVER_SOFTWARE. @default "tsgi" */
  readonly serverSoftware?: string | undefined;
  /** Told, once a minute at most, what a trusted peer should send otherwise. @default a line to `errors` */
  readonly warn?: ((message: string) => void) | undefined;
}

/** What hears how an exchange ends. */
export interface CallListener {
  /** Nobody waits for the answer any more, and it is not complete. `over` follows. */
  aborted(reason: Error): void;
  /** The exchange is over, complete or not. Told once. */
  over(exchange: CalledExchange): void;
}

/** A request and its answer, in any protocol; that of the HTTP engine fits. */
export interface CalledExchange extends ResponseSink, AnswerInFlight, AnsweredExchange {
  readonly isOver: boolean;
  /** The environ. */
  readonly variables: object;
  listener: CallListener | null;
}

/** Hears of one exchange, for all who want to know: its application, the requests in flight, the access log. */
class HandledExchange implements CallListener {
  /** The request in flight; null while its application has been answering in the turn of its call. */
  flight: Flight | null = null;
  /** When the head was complete, of the process's clock, in milliseconds. */
  readonly startedAt = performance.now();
  readonly #log: ((handled: HandledExchange, exchange: CalledExchange) => void) | null;

  constructor(log: ((handled: HandledExchange, exchange: CalledExchange) => void) | null) {
    this.#log = log;
  }

  aborted(reason: Error): void {
    this.flight?.run.abort(reason);
  }

  over(exchange: CalledExchange): void {
    this.flight?.over();
    this.#log?.(this, exchange);
  }
}

/** Calls an application for its gateways. */
export class ApplicationCalls {
  /** `wsgi.errors`. */
  readonly errors: ErrorStream;
  readonly isMultiprocess: boolean;
  readonly serverSoftware: string;
  /** Tells the operator something that is the same for many requests, once a minute at most. */
  readonly warn: (message: string) => void;
  readonly #application: WSGIApplication;
  readonly #accessLog: ((entry: AccessEntry) => void) | null;
  /** Null when no peer is trusted. */
  readonly #forwarded: ForwardedFields | null;
  /** Requests whose answer did not come in the same turn. */
  readonly #inFlight: InFlight;

  /** @param trust - makes what reads the fields of trusted peers, if any are trusted: `forwardedFieldsOf`, which needs Node */
  constructor(
    application: WSGIApplication,
    options: CallOptions,
    trust: (warn: (message: string) => void) => ForwardedFields | null = () => null,
  ) {
    this.#application = application;
    this.#accessLog = options.accessLog ?? null;
    this.errors = options.errors ?? new WSGIErrorStream();
    this.isMultiprocess = options.isMultiprocess ?? false;
    this.serverSoftware = options.serverSoftware ?? "tsgi";
    this.#inFlight = new InFlight(options, this.errors);
    const warn = options.warn ?? ((message) => this.errors.write(`${message}\n`));
    const mayWarn = occasionally();
    this.warn = (message) => void (mayWarn() && warn(message));
    this.#forwarded = trust(this.warn);
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

  /** @param address - of a peer, without brackets and port; empty on a unix socket */
  isTrusted(address: string): boolean {
    return this.#forwarded?.isTrusted(address) === true;
  }

  /** Makes an environ say what the client did, where a trusted peer knows it better. @param peer - its address */
  believe(environ: WSGIEnvironment, peer: string): void {
    if (this.#forwarded !== null) this.#forwarded.believe(environ, peer);
  }

  /**
   * Mounts the application where the field SCRIPT_NAME of a trusted peer says.
   *
   * @returns false when the field does not count
   */
  mount(environ: WSGIEnvironment, scriptName: string, peer: string): boolean {
    return this.isTrusted(peer) && this.#forwarded?.mount(environ, scriptName) === true;
  }

  /** Calls the application, or answers that there are too many calls already. */
  call(environ: WSGIEnvironment, exchange: CalledExchange): void {
    // Most applications answer in this turn, and then only the log wants to know.
    const handled = this.#accessLog === null ? null : new HandledExchange(this.#log);
    exchange.listener = handled;
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

  /** Tells the access log of a request that was answered before it reached the application. */
  logRefused(environ: WSGIEnvironment, statusCode: number): void {
    this.#accessLog?.(new AccessRecord(environ, performance.now(), { statusCode, isRefused: true }));
  }

  /** Ends the requests that missed their deadline. */
  tick(): void {
    this.#inFlight.tick();
  }

  /** One function for all exchanges: a closure for each would cost as much as the rest of its entry. */
  readonly #log = ({ flight, startedAt }: HandledExchange, exchange: CalledExchange): void => {
    if (exchange.isPassedOn === true) return;
    try {
      const environ = exchange.variables as WSGIEnvironment;
      this.#accessLog?.(new AccessRecord(environ, startedAt, exchange, flight?.isTimedOut === true));
    } catch (error) {
      // A log that fails must not take the connection with it.
      this.errors.write(`Error writing the access log: ${String(error)}\n`);
    }
  };
}
