// Receives an answer in memory as an HTTP/1.1 server would put it on the wire: bodies of HEAD, 204 and 304 are dropped, a lone
// chunk gets its Content-Length, and a body that is not as long as announced counts as broken.
// Source: RFC 9110 sections 6.4.1 and 8.6; PEP 3333 "Handling the Content-Length Header".

import { ContractViolation } from "../wsgi/errors.ts";
import type { ResponseSink } from "../wsgi/handler.ts";
import { checkHeaders, checkStatus } from "../wsgi/head-rules.ts";
import type { Bytes, HeaderList } from "../wsgi/types.ts";

/** Bytes after which the sink claims to be full, so that back-pressure is a part of each test. */
const FULL_AFTER_BYTES = 65_536;

/** What the sink tells about an answer while it arrives. */
export interface AnswerWatch {
  /** The head has left. */
  head(): void;
  chunk(chunk: Bytes): void;
  /** The answer is over, complete or not. */
  over(): void;
}

/** An answer in memory. */
export class RecordingSink implements ResponseSink {
  status = "";
  headers: HeaderList = [];
  readonly chunks: Bytes[] = [];
  isHeadSent = false;
  isComplete = false;
  /** Why the answer failed; undefined if it did not. */
  error: unknown = undefined;
  readonly #method: string;
  readonly #watch: AnswerWatch;
  #sentBytes = 0;
  #bytesSinceDrain = 0;

  constructor(method: string, watch: AnswerWatch) {
    this.#method = method;
    this.#watch = watch;
  }

  announce(status: string, headers: HeaderList): void {
    checkStatus(status);
    checkHeaders(headers);
    this.status = status;
    this.headers = headers.map(([name, value]) => [name, value]);
  }

  sendWhole(chunk: Bytes): void {
    if (this.#announcedBytes === null && this.#hasContent) this.headers.push(["Content-Length", String(chunk.length)]);
    this.#sendHead();
    if (chunk.length > 0) this.#sendChunk(chunk);
    this.finish();
  }

  send(chunk: Bytes): boolean {
    if (!this.isHeadSent) this.#sendHead();
    this.#sendChunk(chunk);
    return this.#bytesSinceDrain < FULL_AFTER_BYTES;
  }

  async drained(): Promise<void> {
    await new Promise(setImmediate);
    this.#bytesSinceDrain = 0;
  }

  finish(): void {
    const announced = this.#announcedBytes;
    if (this.#hasContent && announced !== null && announced !== this.#sentBytes) {
      this.error = new ContractViolation(
        "ERR_TSGI_CONTENT_LENGTH_MISMATCH",
        `Send as many bytes as Content-Length announces: expected ${announced}, got ${this.#sentBytes}`,
      );
    }
    this.isComplete = this.error === undefined;
    this.#watch.over();
  }

  fail(error: unknown): void {
    this.error = error;
    if (!this.isHeadSent) {
      this.status = statusOf(error);
      this.headers = [["Content-Type", "text/plain; charset=utf-8"]];
      this.sendWhole(Buffer.from(`${this.status.slice(4)}\n`));
      this.isComplete = true;
      return;
    }
    this.#watch.over();
  }

  /** False where RFC 9110 §6.4.1 allows no content. */
  get #hasContent(): boolean {
    return this.#method !== "HEAD" && !/^(?:1..|204|304)/.test(this.status);
  }

  get #announcedBytes(): number | null {
    const field = this.headers.find(([name]) => name.toLowerCase() === "content-length");
    return field ? Number(field[1]) : null;
  }

  #sendHead(): void {
    this.isHeadSent = true;
    this.#watch.head();
  }

  #sendChunk(chunk: Bytes): void {
    if (!this.#hasContent) return;
    const room = (this.#announcedBytes ?? Infinity) - this.#sentBytes;
    this.#sentBytes += chunk.length;
    this.#bytesSinceDrain += chunk.length;
    if (room <= 0) return;
    // Copied, because the application may use its buffer again once the chunk counts as sent.
    const received = Uint8Array.prototype.slice.call(chunk, 0, room);
    this.chunks.push(received);
    this.#watch.chunk(received);
  }
}

function statusOf(error: unknown): string {
  const status = error instanceof Error && "status" in error ? error.status : undefined;
  return typeof status === "number" ? `${status} Error` : "500 Internal Server Error";
}
