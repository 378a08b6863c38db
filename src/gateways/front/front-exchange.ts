// One request from a web server in front and its answer: what FastCGI, SCGI, uwsgi and CGI have in common. The protocol's own framing is its
// owner's affair.
//
// The front writes this answer into a connection with its client, so a wrong length, an interim status or a control character would
// desynchronise that connection. What the HTTP engine refuses is therefore refused here, too, and Content-Length is kept byte by byte:
// a surplus is cut, and a shortfall ends in an abort, never in a normal end. Source: RFC 3875 section 6; what nginx, Apache and
// lighttpd do with such answers (docs/decisions/0011-gateways.md).
import { errorPage, refusalStatus } from "../../http/error-page.ts";
import { ClientDisconnected, ResponseViolation, wrongLength } from "../../http/errors.ts";
import type { RequestBody } from "../../http/request-body.ts";
import { type Fields, ResponseHead } from "../../http/response-head.ts";
import type { CalledExchange, CallListener } from "../application-calls.ts";
import { cgiHead, type HeadForm } from "./cgi-head.ts";

/** Carries the answer of an exchange. */
export interface AnswerCarrier {
  /** Sends the head and, behind it, the beginning of the body. @param isWhole - nothing follows @returns false when the front should be waited for */
  sendHead(head: string, body: Uint8Array, isWhole: boolean): boolean;
  /** Sends more of the body. @returns false when the front should be waited for */
  sendMore(chunk: Uint8Array): boolean;
  /** Ends an answer that was begun with more to come. */
  endAnswer(): void;
  /** The answer cannot be completed: end it so that the front notices. */
  breakOff(): void;
  /** Resolves when there is room, or when nobody waits any more. */
  drained(): Promise<void>;
  /** Told of the size of each head, in bytes. */
  headSent?(bytes: number): void;
}

/** What an exchange is made for. */
export interface ExchangeRequest {
  readonly method: string;
  /** The environ. */
  readonly variables: object;
  /** Null when there is no body. */
  readonly body: RequestBody | null;
}

const EMPTY = new Uint8Array(0);

/** A request and its answer. */
export class FrontExchange implements CalledExchange {
  readonly variables: object;
  readonly body: RequestBody | null;
  listener: CallListener | null = null;
  /** Bytes of the response body that were handed over. */
  bodyBytes = 0;
  isAborted = false;
  readonly isRefused: boolean = false;
  readonly #method: string;
  readonly #carrier: AnswerCarrier;
  readonly #form: HeadForm;
  #head: ResponseHead | null = null;
  #isSent = false;
  #isOver = false;
  #controller: AbortController | null = null;
  #hasLeft: Error | null = null;

  constructor(carrier: AnswerCarrier, form: HeadForm, { method, variables, body }: ExchangeRequest) {
    this.#carrier = carrier;
    this.#form = form;
    this.#method = method;
    this.variables = variables;
    this.body = body;
  }

  get statusCode(): number {
    return this.#head?.statusCode ?? 0;
  }

  get fields(): Fields {
    return this.#head?.fields ?? [];
  }

  get isSent(): boolean {
    return this.#isSent;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#hasLeft !== null) this.#controller.abort(this.#hasLeft);
    }
    return this.#controller.signal;
  }

  announce(status: string, fields: Fields): void {
    if (this.#isOver) return;
    if (this.#isSent)
      throw new ResponseViolation(
        "ERR_HTTP_HEAD_SENT",
        "The application announced another status after the response headers were sent",
      );
    this.#head = new ResponseHead(status, fields);
  }

  sendWhole(body: Uint8Array): void {
    if (this.#isOver) return;
    const head = this.#announced();
    const { length } = body;
    if (this.#hasNoBody(head)) {
      // The length of an answer to HEAD is that of the answer to GET; one without any may not have been made.
      const isKnown = this.#method === "HEAD" && length > 0 && ![204, 304].includes(head.statusCode);
      this.#sendHead(head, EMPTY, true, isKnown ? length : -1);
    } else {
      if (head.contentLength !== -1 && head.contentLength !== length) throw wrongLength(head.contentLength, length);
      this.#sendHead(head, body, true, length);
      this.bodyBytes = length;
    }
    this.#complete();
  }

  send(chunk: Uint8Array): boolean {
    if (this.#isOver) return true;
    const head = this.#announced();
    if (this.#hasNoBody(head)) {
      this.#sendHead(head, EMPTY, true, -1);
      this.#complete();
      return true;
    }
    const limit = head.contentLength === -1 ? Number.POSITIVE_INFINITY : head.contentLength;
    const surplus = this.bodyBytes + chunk.length - limit;
    if (surplus > 0 && !this.#isSent) throw wrongLength(limit, chunk.length);
    const data = surplus > 0 ? chunk.subarray(0, chunk.length - surplus) : chunk;
    this.bodyBytes += data.length;
    const hasRoom = this.#isSent ? this.#carrier.sendMore(data) : this.#sendHead(head, data, false, -1);
    if (surplus > 0) {
      this.#carrier.endAnswer();
      this.#complete();
      throw wrongLength(limit, limit + surplus);
    }
    return hasRoom;
  }

  drained(): Promise<void> {
    return this.#carrier.drained();
  }

  finish(): void {
    if (this.#isOver) return;
    if (!this.#isSent) {
      this.sendWhole(EMPTY);
      return;
    }
    const { contentLength } = this.#announced();
    if (contentLength > this.bodyBytes) throw wrongLength(contentLength, this.bodyBytes);
    this.#carrier.endAnswer();
    this.#complete();
  }

  fail(error: unknown): void {
    if (this.#isOver) return;
    if (this.#isSent) {
      this.#isOver = true;
      this.isAborted = true;
      this.#carrier.breakOff();
      this.listener?.over(this);
      return;
    }
    const page = errorPage(refusalStatus(error));
    this.#head = new ResponseHead(page.status, page.fields);
    this.sendWhole(page.body);
  }

  /** The front has closed its sending side, which it does when its client has left. */
  left(reason: Error): void {
    if (this.#isOver || this.#hasLeft !== null) return;
    this.#hasLeft = reason;
    this.#controller?.abort(reason);
  }

  /** Nobody waits for the answer any more: what the application still sends is ignored. */
  abort(reason: Error): void {
    if (this.#isOver) return;
    this.left(reason);
    this.#isOver = true;
    this.isAborted = true;
    this.body?.fail(
      reason instanceof ClientDisconnected
        ? reason
        : new ClientDisconnected("The client disconnected", { cause: reason }),
    );
    this.listener?.aborted(reason);
    this.listener?.over(this);
  }

  #announced(): ResponseHead {
    if (this.#head === null)
      throw new ResponseViolation("ERR_HTTP_NO_HEAD", "The application sent a body before it announced a status");
    return this.#head;
  }

  #hasNoBody({ statusCode }: ResponseHead): boolean {
    return this.#method === "HEAD" || statusCode === 204 || statusCode === 304;
  }

  /** @param length - of the body, where it is known and the application has not announced it; otherwise -1 */
  #sendHead(head: ResponseHead, body: Uint8Array, isWhole: boolean, length: number): boolean {
    this.#isSent = true;
    const text = cgiHead(head, this.#form, length);
    this.#carrier.headSent?.(text.length);
    return this.#carrier.sendHead(text, body, isWhole);
  }

  #complete(): void {
    this.#isOver = true;
    this.body?.discard();
    this.listener?.over(this);
  }
}
