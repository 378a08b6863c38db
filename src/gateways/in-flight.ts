// The requests that an application works for, whatever protocol they came by: how many there may be, how long each may take.
//
//   added ──► answer over ──► application at rest ──► gone
// Who was told 504, or has left, may have left the application working: its place is free when that has ended.
import { DenseSet, type DenseMember } from "../http/dense-set.ts";
import { ServiceError } from "../http/errors.ts";
import type { ApplicationRun, RunListener } from "../wsgi/handler.ts";
import { isEndAwaited, requestEnded } from "../wsgi/request-end.ts";
import type { ErrorStream, WSGIEnvironment } from "../wsgi/types.ts";

/** The answer to a request in flight; an exchange of the HTTP engine is one. */
export interface AnswerInFlight {
  /** Its head has been sent. */
  readonly isSent: boolean;
  /** It is complete or broken off. */
  readonly isOver: boolean;
  /** `tsgi.signal` of the request. */
  readonly signal: AbortSignal;
  /** Nobody waits for it any more. */
  left(reason: Error): void;
  /** Answers with the status of an error, or breaks off. */
  fail(error: unknown): void;
}

/** What can be told of a request in flight. */
export interface RequestInFlight {
  readonly environ: WSGIEnvironment;
  readonly elapsedSeconds: number;
  /** The head of the answer has been sent. */
  readonly isSent: boolean;
  /** Nobody waits for it any more; the application still works. */
  readonly isOver: boolean;
}

/** Bounds on the requests in flight, and who hears of them. */
export interface InFlightOptions {
  /** Told of each request before its application is called, with how many there have been. */
  readonly begun?: ((requestCount: number) => void) | undefined;
  /** Time from the request headers to the first byte of the response, in seconds; then the client gets 504. 0 means no limit. @default 0 */
  readonly timeoutSeconds?: number | undefined;
  /** Requests that the application works for at once; above it the client gets 503 with Retry-After. 0 means no limit. @default 0 */
  readonly maxInFlight?: number | undefined;
  /** Told of each request that missed its deadline, before its client is answered. */
  readonly timedOut?: ((environ: WSGIEnvironment, elapsedSeconds: number) => void) | undefined;
}

/** One request in flight. */
export class Flight implements RunListener, DenseMember {
  place = -1;
  readonly environ: WSGIEnvironment;
  readonly answer: AnswerInFlight;
  readonly run: ApplicationRun;
  /** In milliseconds, of the clock of its set. */
  readonly startedAt: number;
  /** True when it missed its deadline. */
  isTimedOut = false;
  readonly #gone: (flight: Flight) => void;

  /** @param gone - told when its place is free */
  constructor(
    gone: (flight: Flight) => void,
    environ: WSGIEnvironment,
    answer: AnswerInFlight,
    run: ApplicationRun,
    startedAt: number,
  ) {
    this.#gone = gone;
    this.environ = environ;
    this.answer = answer;
    this.run = run;
    this.startedAt = startedAt;
  }

  /** Its answer is over. */
  over(): void {
    if (this.run.isWorking) this.run.listener = this;
    else this.#gone(this);
  }

  /** Its application works no more, although the answer was over before. */
  rested(): void {
    this.#gone(this);
  }
}

/** All requests in flight of one application. */
export class InFlight {
  readonly #timeoutSeconds: number;
  readonly #maxInFlight: number;
  readonly #begun: InFlightOptions["begun"];
  readonly #timedOut: InFlightOptions["timedOut"];
  readonly #errors: ErrorStream;
  readonly #now: () => number;
  readonly #flights = new DenseSet<Flight>();
  #requestCount = 0;

  /**
   * @param options - bounds
   * @param errors - is told what fails at the end of a request
   * @param now - a clock in milliseconds; the process's own unless given
   */
  constructor(
    { timeoutSeconds = 0, maxInFlight = 0, begun, timedOut }: InFlightOptions,
    errors: ErrorStream,
    now: () => number = () => performance.now(),
  ) {
    this.#timeoutSeconds = timeoutSeconds;
    this.#maxInFlight = maxInFlight;
    this.#begun = begun;
    this.#timedOut = timedOut;
    this.#errors = errors;
    this.#now = now;
  }

  /** Requests begun so far. */
  get requestCount(): number {
    return this.#requestCount;
  }

  /** Requests that are being answered now, or that the application still works for although nobody waits any more. */
  get size(): number {
    return this.#flights.size;
  }

  /** The same requests, in no order. */
  requests(): RequestInFlight[] {
    const found: RequestInFlight[] = [];
    const now = this.#now();
    this.#flights.forEach(({ environ, answer: { isSent, isOver }, startedAt }) => {
      found.push({ environ, elapsedSeconds: (now - startedAt) / 1000, isSent, isOver });
    });
    return found;
  }

  /** Counts a request that begins. @returns why it cannot be taken; null when it can */
  begin(): ServiceError | null {
    this.#requestCount += 1;
    this.#begun?.(this.#requestCount);
    if (this.#maxInFlight === 0 || this.#flights.size < this.#maxInFlight) return null;
    return new ServiceError(
      503,
      "ERR_TSGI_TOO_MANY_REQUESTS",
      `The limit of ${this.#maxInFlight} concurrent requests is reached`,
    );
  }

  /** Takes in a request whose application has not answered in the turn of its call. */
  add(environ: WSGIEnvironment, answer: AnswerInFlight, run: ApplicationRun): Flight {
    const flight = new Flight(this.#gone, environ, answer, run, this.#now());
    this.#flights.add(flight);
    return flight;
  }

  /** A request is over, and its application does no more for it. For gateways whose request was never in flight; one that was says so itself. */
  ended(answer: AnswerInFlight): void {
    if (isEndAwaited()) requestEnded(answer.signal, this.#errors);
  }

  readonly #gone = (flight: Flight): void => {
    this.#flights.delete(flight);
    this.ended(flight.answer);
  };

  /** Ends the requests that missed their deadline. */
  tick(): void {
    if (this.#timeoutSeconds === 0) return;
    const now = this.#now();
    this.#flights.forEach((flight) => {
      const elapsedSeconds = (now - flight.startedAt) / 1000;
      const { isSent, isOver } = flight.answer;
      if (elapsedSeconds > this.#timeoutSeconds && !isSent && !isOver) this.#timeOut(flight, elapsedSeconds);
    });
  }

  #timeOut(flight: Flight, elapsedSeconds: number): void {
    const error = new ServiceError(
      504,
      "ERR_TSGI_TIMEOUT",
      `The application did not start its response within ${this.#timeoutSeconds} seconds`,
    );
    flight.isTimedOut = true;
    this.#timedOut?.(flight.environ, elapsedSeconds);
    flight.answer.left(error);
    flight.answer.fail(error);
    flight.run.abort(error);
  }
}
