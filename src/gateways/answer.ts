// One answer of an application, for all gateways but that of the HTTP engine, whose exchange is its own: what was announced is checked,
// Content-Length is kept to the byte (a surplus is cut, a shortfall is broken off), and HEAD, 204 and 304 have no body.
// Source: RFC 9110 sections 6.4.1, 8.6, 9.3.2; RFC 9112 section 6.3.
//
// It lives through: announced (head checked, nothing sent) → sent (head is out) → over.
import { errorPage, refusalStatus } from "../http/error-page.ts";
import { ClientDisconnected, ResponseViolation, wrongLength } from "../http/errors.ts";
import { earlyHintsText, type Fields, ResponseHead } from "../http/response-head.ts";
import type { Bytes } from "../wsgi/types.ts";
import type { CalledExchange, CallListener } from "./application-calls.ts";

/** Where an answer goes. Each call finds the one before it done. */
export interface AnswerWire {
  /**
   * Sends an answer that is complete.
   *
   * @param contentLength - to be announced; -1 for none
   * @param body - null when it must have none
   */
  whole(head: ResponseHead, contentLength: number, body: Bytes | null): void;
  /**
   * Sends the head of a longer body, whose length is that of the head, and its first chunk, which may be empty; others follow.
   *
   * @returns false when the client should be waited for with `drained`
   */
  begin(head: ResponseHead, first: Bytes): boolean;
  /** Sends another chunk. @returns false when the client should be waited for with `drained` */
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
  /** The answer is over, complete or not. Told once. */
  over?(): void;
}

/** What is answered. */
export interface AnsweredRequest {
  readonly method: string;
  /** The environ. */
  readonly variables: object;
  /** Null when there is none. */
  readonly body: AnsweredBody | null;
}

/** The body of a request, which ends with its answer. */
export interface AnsweredBody {
  /** Bytes received so far. */
  readonly bytes: number;
  /** The rest will not come. */
  fail(reason: Error): void;
  /** The answer is over: nobody needs the rest. */
  discard(): void;
}

const EMPTY = new Uint8Array(0);

/** The answer to one request. */
export class Answer implements CalledExchange {
  readonly variables: object;
  readonly body: AnsweredBody | null;
  listener: CallListener | null = null;
  /** Bytes of the response body that were handed over. */
  bodyBytes = 0;
  isSent = false;
  isOver = false;
  isAborted = false;
  /** Somebody else answers in its place. */
  isPassedOn = false;
  readonly #method: string;
  readonly #wire: AnswerWire;
  #head: ResponseHead | null = null;
  #controller: AbortController | null = null;
  #hasLeft: Error | null = null;

  constructor({ method, variables, body }: AnsweredRequest, wire: AnswerWire) {
    this.#method = method;
    this.#wire = wire;
    this.variables = variables;
    this.body = body;
  }

  /** 0 while none is announced. */
  get statusCode(): number {
    return this.#head?.statusCode ?? 0;
  }

  get fields(): Fields {
    return this.#head?.fields ?? [];
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
    const surplus = this.bodyBytes + chunk.length - limit;
    if (!this.isSent) {
      if (surplus > 0) throw wrongLength(limit, chunk.length);
      if (this.#isPassedOn(head)) return true;
      this.isSent = true;
      this.bodyBytes = chunk.length;
      return this.#wire.begin(head, chunk);
    }
    const data = surplus > 0 ? chunk.subarray(0, chunk.length - surplus) : chunk;
    this.bodyBytes += data.length;
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
    if (head.contentLength > this.bodyBytes) throw wrongLength(head.contentLength, this.bodyBytes);
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
      this.isAborted = true;
      this.isOver = true;
      this.#wire.cut(error instanceof Error ? error : new Error("The application failed", { cause: error }));
      this.#complete();
      return;
    }
    if (this.#wire.passOnError?.(error) === true) {
      this.isPassedOn = true;
      this.#complete();
      return;
    }
    const page = errorPage(refusalStatus(error));
    this.#head = new ResponseHead(page.status, page.fields);
    this.sendWhole(page.body);
  }

  /** Nobody waits for the answer any more; it may still be given. */
  left(reason: Error): void {
    if (this.isOver || this.#hasLeft !== null) return;
    this.#hasLeft = reason;
    this.#controller?.abort(reason);
  }

  /** The client has left: everything that the application still sends is ignored. */
  abort(reason: Error): void {
    if (this.isOver) return;
    this.left(reason);
    this.isAborted = true;
    this.isOver = true;
    this.body?.fail(
      reason instanceof ClientDisconnected
        ? reason
        : new ClientDisconnected("The client disconnected", { cause: reason }),
    );
    this.listener?.aborted(reason);
    this.#complete();
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
    if (body !== null) this.bodyBytes = body.length;
    this.#wire.whole(head, head.statusCode === 204 ? -1 : contentLength, body);
    this.#complete();
  }

  #isPassedOn(head: ResponseHead): boolean {
    if (this.#wire.passOn?.(head) !== true) return false;
    this.isPassedOn = true;
    this.#complete();
    return true;
  }

  #complete(): void {
    this.isOver = true;
    this.body?.discard();
    this.#wire.over?.();
    this.listener?.over(this);
  }
}

function mayHaveBody({ statusCode }: ResponseHead): boolean {
  return statusCode !== 204 && statusCode !== 304;
}
