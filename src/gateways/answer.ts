// One answer of an application, for gateways whose host does the framing: what was announced is checked, Content-Length is kept to the
// byte, and HEAD, 204 and 304 have no body. Source: RFC 9110 sections 6.4.1, 8.6, 9.3.2; RFC 9112 section 6.3.
//
// It lives through: announced (head checked, nothing sent) → sent (head is out) → over.
import { errorPage, refusalStatus } from "../http/error-page.ts";
import { ResponseViolation, wrongLength } from "../http/errors.ts";
import { earlyHintsText, type Fields, ResponseHead } from "../http/response-head.ts";
import { type ApplicationRun, type ResponseSink, runApplication } from "../wsgi/handler.ts";
import type { Bytes, WSGIApplication, WSGIEnvironment } from "../wsgi/types.ts";
import type { AnswerInFlight, InFlight } from "./in-flight.ts";

/** Where an answer goes. Each call finds the one before it done. */
export interface AnswerWire {
  /**
   * Sends an answer that is complete.
   *
   * @param contentLength - to be announced; -1 for none
   * @param body - null when it must have none
   */
  whole(head: ResponseHead, contentLength: number, body: Bytes | null): void;
  /** Sends the head of a longer body, whose length is that of the head; chunks follow. */
  begin(head: ResponseHead): void;
  /** Sends a chunk. Returns false when the client should be waited for with `drained`. */
  chunk(data: Bytes): boolean;
  /** Resolves when there is room, or when nobody reads any more. */
  drained(): Promise<void>;
  /** Ends a body that is complete. */
  finish(): void;
  /** Breaks off a body that is not, so that the client notices. */
  cut(reason: Error): void;
  /** Sends a 103 response, where the protocol has them. */
  hints?(fields: Fields): void;
  /** Asked before a head is sent: true when somebody else answers in its place. */
  passOn?(head: ResponseHead): boolean;
  /** Asked before the page of an error is sent: true when somebody else answers in its place. */
  passOnError?(error: unknown): boolean;
}

/** What hears how an answer ends. */
export interface AnswerListener {
  /** The client has left; what the application still gives is ignored. `over` follows. */
  aborted(reason: Error): void;
  /** The answer is over, complete or not. Told once. */
  over(): void;
}

const EMPTY = new Uint8Array(0);

/** The answer to one request. */
export class Answer implements ResponseSink, AnswerInFlight {
  /** Hears how it ends. */
  listener: AnswerListener | null = null;
  isSent = false;
  isOver = false;
  readonly #method: string;
  readonly #wire: AnswerWire;
  #head: ResponseHead | null = null;
  #bodyBytes = 0;
  #controller: AbortController | null = null;
  #hasLeft: Error | null = null;

  constructor(method: string, wire: AnswerWire) {
    this.#method = method;
    this.#wire = wire;
  }

  /** Fires when the client leaves before the answer is complete, and only then. */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#hasLeft !== null) this.#controller.abort(this.#hasLeft);
    }
    return this.#controller.signal;
  }

  announce(status: string, fields: Fields): void {
    if (this.isOver) return;
    if (this.isSent)
      throw new ResponseViolation(
        "ERR_HTTP_HEAD_SENT",
        "The application announced another status after the response headers were sent",
      );
    this.#head = new ResponseHead(status, fields);
  }

  sendWhole(body: Bytes): void {
    if (this.isOver) return;
    const head = this.#announced();
    const { contentLength } = head;
    if (this.#hasNoBody(head)) {
      // The length of a HEAD answer is that of the GET answer; an application that sends none may not have made the body.
      const isKnown = contentLength === -1 && this.#method === "HEAD" && body.length > 0 && mayHaveBody(head);
      this.#whole(head, isKnown ? body.length : contentLength, null);
      return;
    }
    if (contentLength !== -1 && contentLength !== body.length) throw wrongLength(contentLength, body.length);
    this.#whole(head, body.length, body);
  }

  send(chunk: Bytes): boolean {
    if (this.isOver) return true;
    const head = this.#announced();
    if (this.#hasNoBody(head)) {
      // The body may be without an end; its first chunk says that there is no error, and nobody wants the others.
      this.#whole(head, head.contentLength, null);
      return true;
    }
    const limit = head.contentLength === -1 ? Number.POSITIVE_INFINITY : head.contentLength;
    const surplus = this.#bodyBytes + chunk.length - limit;
    if (surplus > 0 && !this.isSent) throw wrongLength(limit, chunk.length);
    if (!this.isSent) {
      if (this.#isPassedOn(head)) return true;
      this.isSent = true;
      this.#wire.begin(head);
    }
    const data = surplus > 0 ? chunk.subarray(0, chunk.length - surplus) : chunk;
    this.#bodyBytes += data.length;
    const hasRoom = data.length === 0 || this.#wire.chunk(data);
    if (surplus > 0) {
      this.#wire.finish();
      this.#complete();
      throw wrongLength(limit, limit + surplus);
    }
    return hasRoom;
  }

  drained(): Promise<void> {
    return this.#wire.drained();
  }

  finish(): void {
    if (this.isOver) return;
    const head = this.#announced();
    if (!this.isSent) {
      this.sendWhole(EMPTY);
      return;
    }
    if (head.contentLength > this.#bodyBytes) throw wrongLength(head.contentLength, this.#bodyBytes);
    this.#wire.finish();
    this.#complete();
  }

  /**
   * Gives up. If nothing was sent yet, the client gets a plain error page; otherwise the body is broken off.
   *
   * @param error - its `status` is answered when it is the peer's fault or a `ServiceError`, otherwise 500
   */
  fail(error: unknown): void {
    if (this.isOver) return;
    if (this.isSent) {
      this.isOver = true;
      this.#wire.cut(error instanceof Error ? error : new Error("The application failed", { cause: error }));
      this.listener?.over();
      return;
    }
    if (this.#wire.passOnError?.(error) === true) {
      this.#complete();
      return;
    }
    const page = errorPage(refusalStatus(error));
    this.#head = new ResponseHead(page.status, page.fields);
    this.sendWhole(page.body);
  }

  left(reason: Error): void {
    if (this.isOver || this.#hasLeft !== null) return;
    this.#hasLeft = reason;
    this.#controller?.abort(reason);
  }

  /** The client has left: everything that the application still sends is ignored. */
  abort(reason: Error): void {
    if (this.isOver) return;
    this.left(reason);
    this.isOver = true;
    this.listener?.aborted(reason);
    this.listener?.over();
  }

  /** Sends 103 Early Hints (RFC 8297), if the head was not sent yet and the protocol has them. */
  readonly earlyHints = (fields: Fields): void => {
    earlyHintsText(fields);
    if (!this.isSent && !this.isOver) this.#wire.hints?.(fields);
  };

  #announced(): ResponseHead {
    if (this.#head === null)
      throw new ResponseViolation("ERR_HTTP_NO_HEAD", "The application sent a body before it announced a status");
    return this.#head;
  }

  #hasNoBody(head: ResponseHead): boolean {
    return this.#method === "HEAD" || !mayHaveBody(head);
  }

  #whole(head: ResponseHead, contentLength: number, body: Bytes | null): void {
    if (this.#isPassedOn(head)) return;
    this.isSent = true;
    this.#wire.whole(head, head.statusCode === 204 ? -1 : contentLength, body);
    this.#complete();
  }

  #isPassedOn(head: ResponseHead): boolean {
    if (this.#wire.passOn?.(head) !== true) return false;
    this.#complete();
    return true;
  }

  #complete(): void {
    this.isOver = true;
    this.listener?.over();
  }
}

/**
 * Calls an application and has it counted among the requests in flight.
 *
 * @param environ - of the request
 * @param answer - receives what it gives; the answer 503 when there are too many requests
 * @param over - called once when the answer is over; the application may still work
 * @returns the run while it is not over, so that the gateway can watch its client
 */
export function runAnswer(
  application: WSGIApplication,
  environ: WSGIEnvironment,
  answer: Answer,
  inFlight: InFlight,
  over: () => void,
): ApplicationRun | null {
  const refusal = inFlight.begin();
  if (refusal !== null) {
    answer.fail(refusal);
    over();
    return null;
  }
  const run = runApplication(application, environ, answer);
  if (answer.isOver) {
    inFlight.ended(answer);
    over();
    return null;
  }
  const flight = inFlight.add(environ, answer, run);
  answer.listener = {
    aborted: (reason) => run.abort(reason),
    over() {
      flight.over();
      over();
    },
  };
  return run;
}

function mayHaveBody({ statusCode }: ResponseHead): boolean {
  return statusCode !== 204 && statusCode !== 304;
}
