// Receives the answer of an application and writes it to a stream as it comes, bytes unchanged.
import type { Writable } from "node:stream";
import { checkHeaders, checkStatus } from "../wsgi/head-rules.ts";
import type { ResponseSink } from "../wsgi/handler.ts";
import type { Bytes, HeaderList } from "../wsgi/types.ts";

/** What to print. */
export interface PrintedResponseOptions {
  /** The request was HEAD, so that the answer has no body. */
  readonly isHead: boolean;
  /** Status line and headers come first. */
  readonly withHead: boolean;
  /** The body of an error status is left out. */
  readonly isQuietOnError: boolean;
}

/** How the answer ended. */
export interface PrintedOutcome {
  readonly status: number;
  /** Code and reason, for example `404 Not Found`. */
  readonly statusLine: string;
  /** What the application threw, or why it was stopped; undefined when the answer is complete. */
  readonly error: unknown;
}

/** A sink that prints. */
export class PrintedResponse implements ResponseSink {
  /** Resolves when the answer is complete or has failed. */
  readonly done: Promise<PrintedOutcome>;
  readonly #output: Writable;
  readonly #options: PrintedResponseOptions;
  #statusLine = "500 Internal Server Error";
  #headers: HeaderList = [];
  #isHeadPrinted = false;
  #resolve: (outcome: PrintedOutcome) => void = () => {};

  constructor(output: Writable, options: PrintedResponseOptions) {
    this.#output = output;
    this.#options = options;
    this.done = new Promise((resolve) => (this.#resolve = resolve));
  }

  get #status(): number {
    return Number(this.#statusLine.slice(0, 3));
  }

  announce(status: string, headers: HeaderList): void {
    checkStatus(status);
    checkHeaders(headers);
    this.#statusLine = status;
    this.#headers = headers;
  }

  sendWhole(chunk: Bytes): void {
    this.send(chunk);
    this.finish();
  }

  send(chunk: Bytes): boolean {
    this.#printHead();
    const isSilent = this.#options.isHead || (this.#options.isQuietOnError && this.#status >= 400);
    return isSilent || chunk.length === 0 || this.#output.write(chunk);
  }

  drained(): Promise<void> {
    if (!this.#output.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => {
      this.#output.once("drain", resolve);
      this.#output.once("close", resolve);
    });
  }

  finish(): void {
    this.#printHead();
    // Exiting before the stream has passed everything on would lose the end of the answer.
    this.#output.write("", () => this.#settle(undefined));
  }

  /** The handler has written the error to `wsgi.errors` already, which is standard error. */
  fail(error: unknown): void {
    this.#output.write("", () => this.#settle(error));
  }

  /** Calls back when the reader of the output has left (`| head`). */
  onReaderGone(listener: () => void): void {
    this.#output.on("error", (error) => {
      listener();
      this.#settle(error);
    });
  }

  #printHead(): void {
    if (this.#isHeadPrinted) return;
    this.#isHeadPrinted = true;
    if (!this.#options.withHead) return;
    const lines = this.#headers.map(([name, value]) => `${name}: ${value}\r\n`);
    this.#output.write(`HTTP/1.1 ${this.#statusLine}\r\n${lines.join("")}\r\n`, "latin1");
  }

  #settle(error: unknown): void {
    this.#resolve({ status: this.#status, statusLine: this.#statusLine, error });
  }
}
