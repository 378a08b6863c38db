// What is known of an answered request, for access logs and metrics.
import type { HeaderList, WSGIEnvironment } from "../wsgi/types.ts";

/** A completed request and its response. */
export interface AccessEntry {
  readonly environ: WSGIEnvironment;
  /** The status that was sent; 0 if the client disconnected before there was one. */
  readonly status: number;
  /** The response headers that the application announced. */
  readonly responseHeaders: HeaderList;
  /** Bytes of the request body that were received, without framing. */
  readonly requestBytes: number;
  /** Bytes of the response body that were sent, without framing. */
  readonly bodyBytes: number;
  /** When the request headers were complete. */
  readonly startedAt: Date;
  /** The same, in milliseconds since the epoch: logs need no object. */
  readonly startedAtMilliseconds: number;
  /** From the request headers to the end of the response. */
  readonly elapsedMicroseconds: number;
  /** True if the response could not be completed. */
  readonly isAborted: boolean;
  /** True if the request missed its deadline. */
  readonly isTimedOut: boolean;
  /** True if the engine refused the request for its syntax or size. Its environ may then be incomplete. */
  readonly isRefused: boolean;
}

/** Where an entry finds what was answered; an exchange fits. */
export interface AnsweredExchange {
  readonly statusCode: number;
  readonly fields?: readonly (readonly [string, string])[];
  readonly body?: { readonly bytes: number } | null;
  readonly bodyBytes?: number;
  readonly isAborted?: boolean;
  readonly isRefused?: boolean;
  /** Somebody else has answered. */
  readonly isPassedOn?: boolean;
}

/** The wall clock less the process's clock, read again now and then because the wall clock may be set; milliseconds. */
let clockOffset = 0;
let clockReadAt = Number.NEGATIVE_INFINITY;
const CLOCK_LIFETIME_MS = 100;

/** An entry that is made for each request: small, because all but the times is still known to the exchange. */
export class AccessRecord implements AccessEntry {
  readonly environ: WSGIEnvironment;
  readonly elapsedMicroseconds: number;
  readonly isTimedOut: boolean;
  readonly #answer: AnsweredExchange;
  readonly #startedAt: number;

  /** @param startedAt - of the process's clock (`performance.now()`), in milliseconds */
  constructor(environ: WSGIEnvironment, startedAt: number, answer: AnsweredExchange, isTimedOut = false) {
    const now = performance.now();
    this.environ = environ;
    this.elapsedMicroseconds = (now - startedAt) * 1000;
    this.isTimedOut = isTimedOut;
    this.#answer = answer;
    this.#startedAt = startedAt;
    if (now - clockReadAt > CLOCK_LIFETIME_MS) {
      clockReadAt = now;
      clockOffset = Date.now() - now;
    }
  }

  get status(): number {
    return this.#answer.statusCode;
  }

  get responseHeaders(): HeaderList {
    return (this.#answer.fields ?? []) as HeaderList;
  }

  get requestBytes(): number {
    return this.#answer.body?.bytes ?? 0;
  }

  get bodyBytes(): number {
    return this.#answer.bodyBytes ?? 0;
  }

  get isAborted(): boolean {
    return this.#answer.isAborted ?? false;
  }

  get isRefused(): boolean {
    return this.#answer.isRefused ?? false;
  }

  get startedAt(): Date {
    return new Date(this.startedAtMilliseconds);
  }

  get startedAtMilliseconds(): number {
    return clockOffset + this.#startedAt;
  }
}
