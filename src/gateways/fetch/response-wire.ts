// An answer as a Response: whole when the application gives it whole, otherwise with a stream that waits for its reader.
// Source: the Fetch standard, "Response class"; Streams, "ReadableStream".
import { ClientDisconnected } from "../../http/errors.ts";
import type { ResponseHead } from "../../http/response-head.ts";
import type { Bytes } from "../../wsgi/types.ts";
import type { AnswerWire } from "../answer.ts";

/** Bytes that may wait for the reader. */
const HIGH_WATER = 65_536;

/** Makes the Response of one answer. */
export class ResponseWire implements AnswerWire {
  readonly #left: (reason: Error) => void;
  #response: Response | null = null;
  #resolve: ((response: Response) => void) | null = null;
  #controller: ReadableStreamDefaultController<Bytes> | null = null;
  #waiters: (() => void)[] = [];
  #failure: Error | null = null;
  #unwatch: (() => void) | null = null;

  /** @param left - is told when the reader goes before the end */
  constructor(left: (reason: Error) => void) {
    this.#left = left;
  }

  /** The Response, or a promise of it when the application has not answered yet. */
  get response(): Response | Promise<Response> {
    return (
      this.#response ??
      new Promise((resolve) => {
        this.#resolve = resolve;
      })
    );
  }

  whole(head: ResponseHead, contentLength: number, body: Bytes | null): void {
    // 205 has no body either, and the constructor says so by an error.
    const content = body === null || body.length === 0 || head.statusCode === 205 ? null : body;
    this.#settle(new Response(content, responseInit(head, contentLength)));
  }

  begin(head: ResponseHead, first: Bytes): boolean {
    const stream = new ReadableStream<Bytes>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#asked(),
        cancel: (reason: unknown) => {
          this.#left(
            new ClientDisconnected("The client disconnected before the response was complete", { cause: reason }),
          );
          this.#wake();
        },
      },
      { highWaterMark: HIGH_WATER, size: (chunk) => chunk?.byteLength ?? 0 },
    );
    this.#settle(new Response(stream, responseInit(head, head.contentLength)));
    return first.length === 0 || this.chunk(first);
  }

  chunk(data: Bytes): boolean {
    const controller = this.#controller;
    if (controller === null) return true;
    controller.enqueue(data);
    return (controller.desiredSize ?? 1) > 0;
  }

  drained(): Promise<void> {
    if ((this.#controller?.desiredSize ?? 1) > 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
    });
  }

  finish(): void {
    this.#controller?.close();
  }

  /** What was sent is read before the error: a stream that fails forgets what waits in it. */
  cut(reason: Error): void {
    this.#failure = reason;
    if (this.#isEmpty) this.#controller?.error(reason);
    this.#wake();
  }

  /** Has a signal watched until the answer is over. @param leave - called when it fires, or has fired */
  watch(signal: AbortSignal, leave: () => void): void {
    if (signal.aborted) {
      leave();
      return;
    }
    signal.addEventListener("abort", leave);
    this.#unwatch = () => signal.removeEventListener("abort", leave);
  }

  over(): void {
    this.#unwatch?.();
  }

  /** Nobody waits for an answer any more; a promise of it is kept all the same. */
  abandon(reason: Error): void {
    if (this.#response === null) this.#settle(new Response(null, { status: 400, statusText: "Client Disconnected" }));
    else this.#controller?.error(reason);
    this.#wake();
  }

  get #isEmpty(): boolean {
    return this.#controller?.desiredSize === HIGH_WATER;
  }

  #asked(): void {
    if (this.#failure !== null && this.#isEmpty) this.#controller?.error(this.#failure);
    this.#wake();
  }

  #settle(response: Response): void {
    this.#response = response;
    this.#resolve?.(response);
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }
}

function responseInit(head: ResponseHead, contentLength: number): ResponseInit {
  const headers = head.fields.filter(([name]) => name.length !== 14 || name.toLowerCase() !== "content-length");
  if (contentLength !== -1) headers.push(["Content-Length", String(contentLength)]);
  const { statusCode } = head;
  return { status: statusCode, statusText: head.reason, headers: headers as [string, string][] };
}
