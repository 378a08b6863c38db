// What is known of an answered request, for access logs and metrics.
import type { HeaderList, WSGIEnvironment } from "../../wsgi/types.ts";

/** One request and its answer, once both are over. */
export interface AccessEntry {
  readonly environ: WSGIEnvironment;
  /** The status that was sent; 0 when the client left before there was one. */
  readonly status: number;
  /** The header fields that the application announced. */
  readonly responseHeaders: HeaderList;
  /** Bytes of the body of the request that were received, without framing. */
  readonly requestBytes: number;
  /** Bytes of the body that were sent, without framing. */
  readonly bodyBytes: number;
  /** When the head of the request was complete. */
  readonly startedAt: Date;
  /** From the head of the request to the end of the answer. */
  readonly elapsedMicroseconds: number;
  /** True when the answer could not be completed. */
  readonly isAborted: boolean;
  /** True when the request missed its deadline. */
  readonly isTimedOut: boolean;
  /** True when the engine refused the request for its syntax or size; its environ may hold little of it. */
  readonly isRefused: boolean;
}

/** Where an entry finds what was answered; an exchange fits. */
export interface Answer {
  readonly statusCode: number;
  readonly fields?: readonly (readonly [string, string])[];
  readonly body?: { readonly bytes: number } | null;
  readonly bodyBytes?: number;
  readonly isAborted?: boolean;
  readonly isRefused?: boolean;
}

/** An entry that is made for each request: what few logs ask for is worked out when they ask. */
export class AccessRecord implements AccessEntry {
  readonly environ: WSGIEnvironment;
  readonly status: number;
  readonly requestBytes: number;
  readonly bodyBytes: number;
  readonly elapsedMicroseconds: number;
  readonly isAborted: boolean;
  readonly isTimedOut: boolean;
  readonly isRefused: boolean;
  readonly #answer: Answer;

  /** @param startedAt - of the process's clock (`performance.now()`), in milliseconds */
  constructor(environ: WSGIEnvironment, startedAt: number, answer: Answer, isTimedOut = false) {
    this.environ = environ;
    this.status = answer.statusCode;
    this.requestBytes = answer.body?.bytes ?? 0;
    this.bodyBytes = answer.bodyBytes ?? 0;
    this.elapsedMicroseconds = (performance.now() - startedAt) * 1000;
    this.isAborted = answer.isAborted ?? false;
    this.isTimedOut = isTimedOut;
    this.isRefused = answer.isRefused ?? false;
    this.#answer = answer;
  }

  get responseHeaders(): HeaderList {
    return (this.#answer.fields ?? []) as HeaderList;
  }

  /** From the wall clock, less the time that has passed: the process's clock does not follow when the wall clock is set. */
  get startedAt(): Date {
    return new Date(Date.now() - this.elapsedMicroseconds / 1000);
  }
}
