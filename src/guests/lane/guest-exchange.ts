// One request on its way to a guest and back. It waits in the queue, goes to a lane, is answered whole or in parts; it ends once.
import { decodeHead } from "../../protocols/lane/environ-text.ts";
import type { Bytes, StartResponse, WSGIApplication, WSGIBody, WSGIEnvironment } from "../../wsgi/types.ts";
import { BodyQueue, type BodyWriter } from "../body-queue.ts";
import type { ErrorPage, GuestRequestError } from "./errors.ts";
import { NO_BODY, type GuestRequestBody } from "./guest-request-body.ts";

const BODILESS = /^(?:1\d\d|204|304)/;

/** A request, from the call of the application to its end. */
export class GuestExchange {
  /** Names the request on its lane; 0 until it is first dispatched. */
  id = 0;
  readonly environ: WSGIEnvironment;
  /** What a filter of the guest calls back; null where the application is in the guest. */
  readonly inner: WSGIApplication | null;
  readonly arrivedAt: number;
  body: GuestRequestBody = NO_BODY;
  /** It goes to its lane alone: requests for its path are known to take long, or it may have ended a process. */
  isSlow = false;
  /** How many processes have ended that had been sent it and had begun nothing. */
  endedProcesses = 0;
  /** When it was sent to a lane. */
  dispatchedAt = 0;
  /** When the client left or lost interest; 0 while it waits. */
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

  /** The head has come, or an error: the application's promise is settled. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** The answer's body while it comes in parts. */
  get responseBody(): BodyQueue | null {
    return this.#responseBody;
  }

  /** Method and target, for the log. */
  get description(): string {
    return `${this.environ.REQUEST_METHOD} ${this.environ.REQUEST_URI ?? this.environ.SCRIPT_NAME + this.environ.PATH_INFO}`;
  }

  /** The whole answer has come. */
  whole(head: string, body: Bytes): void {
    if (this.#isSettled) return;
    this.#settle(head, -1, [body]);
    this.release();
  }

  /**
   * The head has come, and the body follows in parts.
   *
   * @param totalBytes - length of the body, or -1 when it is not known
   * @returns where the parts go; null when nobody wants them
   */
  begin(head: string, totalBytes: number, owner: BodyWriter, limitBytes: number): BodyQueue | null {
    if (this.#isSettled) return null;
    const body = new BodyQueue(owner, limitBytes);
    const isWanted = this.environ.REQUEST_METHOD !== "HEAD";
    // Complete as it is: that the guest is stopped now must not look like an answer that breaks off.
    if (!isWanted) body.end();
    this.#responseBody = body;
    this.#settle(head, totalBytes, body);
    return isWanted ? body : null;
  }

  /** The head has come, and this side has the body: a file. */
  beginWith(head: string, totalBytes: number, body: WSGIBody): void {
    if (this.#isSettled) return;
    this.#settle(head, totalBytes, body);
  }

  /**
   * Gives up. Before the answer has begun, what the application raised goes up to middleware and gateway as an exception; what
   * happened to its process is answered here, as any gateway in front of a dead server answers. After it, the answer breaks off.
   */
  fail(error: GuestRequestError): void {
    this.#responseBody?.fail(error);
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

  /** Breaks off what cannot be read: the client left, or sent nonsense. */
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

  /** Lets go of the request's body. */
  release(): void {
    const { body } = this;
    this.body = NO_BODY;
    if (body.kind === "file" || body.kind === "stream") body.release().catch(() => {});
  }

  #settle(head: string, totalBytes: number, body: WSGIBody): void {
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
      this.#startResponse(status, headers);
    } catch (error) {
      // A file, for example, would stay open. Whatever goes wrong with it now, the answer has failed already.
      Promise.resolve(body.close?.()).catch(() => {});
      this.#reject(error);
      return;
    }
    this.#resolve(body);
  }
}
