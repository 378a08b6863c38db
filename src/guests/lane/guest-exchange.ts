// One request on its way to a guest and back. It waits in the queue, goes to a lane, gets its response whole or in parts, and ends once.
import { decodeHead } from "../../protocols/lane/environ-text.ts";
import { NO_BYTES } from "../../wsgi/bytes.ts";
import type { Bytes, StartResponse, WSGIApplication, WSGIBody, WSGIEnvironment } from "../../wsgi/types.ts";
import { BodyQueue, type BodyWriter } from "../body-queue.ts";
import type { ErrorPage, GuestRequestError } from "./errors.ts";
import { NO_BODY, type GuestRequestBody } from "./guest-request-body.ts";

/** An answer that does not come on the lane. */
export interface AnswerElsewhere {
  /** The request has failed on its lane. */
  fail(error: GuestRequestError): void;
}

const BODILESS = /^(?:1\d\d|204|304)/;

/** A request, from the call of the application to its end. */
export class GuestExchange {
  /** Names the request on its lane; 0 until it is first dispatched. */
  id = 0;
  readonly environ: WSGIEnvironment;
  /** The application that a filter in the guest calls back; null if the application runs in the guest. */
  readonly inner: WSGIApplication | null;
  readonly arrivedAt: number;
  body: GuestRequestBody = NO_BODY;
  /** It is never batched: requests for its path are known to be slow, or it may have crashed a process. */
  isSlow = false;
  /** How many processes exited after they received it and before they started any request. */
  endedProcesses = 0;
  /** Its answer, if that comes on a connection of its own; the lane then only says when the application is done. */
  elsewhere: AnswerElsewhere | null = null;
  /** When it was sent to a lane. */
  dispatchedAt = 0;
  /** When the client disconnected or lost interest; 0 before that. */
  abandonedAt = 0;
  /** Resolves (or rejects) the application's promise. */
  readonly answer: Promise<WSGIBody>;
  readonly #startResponse: StartResponse;
  #resolve!: (body: WSGIBody) => void;
  #reject!: (error: unknown) => void;
  #isSettled = false;
  #responseBody: BodyQueue | null = null;

  constructor(
    environ: WSGIEnvironment,
    startResponse: StartResponse,
    inner: WSGIApplication | null,
    arrivedAt: number,
  ) {
    this.environ = environ;
    this.inner = inner;
    this.arrivedAt = arrivedAt;
    this.#startResponse = startResponse;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** The response head or an error has arrived: the application's promise is settled. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** The response body, if it arrives in parts. */
  get responseBody(): BodyQueue | null {
    return this.#responseBody;
  }

  /** Whether its answer may come on a connection of its own: nothing has come, and somebody wants it. */
  get mayAnswerElsewhere(): boolean {
    return !this.#isSettled && this.elsewhere === null && this.abandonedAt === 0;
  }

  /** Method and target, for the log. */
  get description(): string {
    return `${this.environ.REQUEST_METHOD} ${this.environ.REQUEST_URI ?? this.environ.SCRIPT_NAME + this.environ.PATH_INFO}`;
  }

  /** The complete response has arrived. */
  whole(head: string, body: Bytes): void {
    if (this.#isSettled) return;
    this.#settle(head, -1, [body]);
    this.release();
  }

  /**
   * The response head has arrived, and the body follows in parts.
   *
   * @param totalBytes - length of the body, or -1 if it is unknown
   * @param isSent - whether the head leaves now, and does not wait for the body
   * @returns the queue for the parts; null if nobody wants them
   */
  begin(head: string, totalBytes: number, owner: BodyWriter, limitBytes: number, isSent = false): BodyQueue | null {
    if (this.#isSettled) return null;
    const body = new BodyQueue(owner, limitBytes);
    const isWanted = this.environ.REQUEST_METHOD !== "HEAD";
    // It counts as complete: stopping the guest now must not look like a truncated response.
    if (!isWanted) body.end();
    this.#responseBody = body;
    this.#settle(head, totalBytes, body, isSent);
    return isWanted ? body : null;
  }

  /**
   * The response head has arrived; this side reads the body itself, from a file for example.
   *
   * @param isSent - whether the head leaves now, and does not wait for the body
   */
  beginWith(head: string, totalBytes: number, body: WSGIBody, isSent = false): void {
    if (this.#isSettled) return;
    this.#settle(head, totalBytes, body, isSent);
  }

  /**
   * Fails the request. Before the response has started, an exception of the application is thrown to middleware and gateway, while a
   * failure of its process is answered here, as a gateway answers for a dead server. After that, the response is cut off.
   */
  fail(error: GuestRequestError): void {
    this.#responseBody?.fail(error);
    this.elsewhere?.fail(error);
    if (this.#isSettled) {
      this.release();
    } else if (error.page === null) {
      this.#isSettled = true;
      this.#reject(error);
      this.release();
    } else {
      if (error.status !== 503) this.environ["wsgi.errors"].write(`${error.stack ?? error.message}\n`);
      this.#refuse(error.page);
    }
  }

  /** Ends a request whose body cannot be read: the client disconnected, or sent an invalid body. */
  reject(error: unknown): void {
    this.#isSettled = true;
    this.#reject(error);
    this.release();
  }

  #refuse(page: ErrorPage): void {
    this.#isSettled = true;
    try {
      this.#startResponse(page.status, page.headers);
      this.#resolve([page.body]);
    } catch (error) {
      this.#reject(error);
    }
    this.release();
  }

  /** Releases the request body. */
  release(): void {
    const { body } = this;
    this.body = NO_BODY;
    if (body.kind === "file" || body.kind === "stream") body.release().catch(() => {});
  }

  #settle(head: string, totalBytes: number, body: WSGIBody, isSent = false): void {
    this.#isSettled = true;
    try {
      const { status, headers } = decodeHead(head);
      if (
        totalBytes >= 0 &&
        !BODILESS.test(status) &&
        !headers.some(([name]) => name.toLowerCase() === "content-length")
      ) {
        headers.push(["Content-Length", String(totalBytes)]);
      }
      const write = this.#startResponse(status, headers);
      if (isSent) void write(NO_BYTES);
    } catch (error) {
      // Otherwise a file, for example, would stay open. The response has failed already, so further errors do not matter.
      Promise.resolve(body.close?.()).catch(() => {});
      this.#reject(error);
      return;
    }
    this.#resolve(body);
  }
}
