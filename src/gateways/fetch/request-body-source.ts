// The body of a Request as a source of `wsgi.input`: read chunk by chunk, when the application asks.
import { bodyTooLarge, ClientDisconnected } from "../../http/errors.ts";
import { ContractViolation } from "../../wsgi/errors.ts";
import type { ByteSource } from "../../wsgi/input-stream.ts";
import type { Bytes } from "../../wsgi/types.ts";
import type { AnsweredBody } from "../answer.ts";

type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** Reads a Request's body once. */
export class RequestBodySource implements ByteSource, AnsweredBody {
  readonly #request: Request;
  readonly #maxBytes: number;
  #reader: Reader | null = null;
  bytes = 0;
  #isEnded = false;
  #failure: Error | null = null;
  #rejectPull: ((reason: Error) => void) | null = null;

  private constructor(request: Request, maxBytes: number) {
    this.#request = request;
    this.#maxBytes = maxBytes;
  }

  /**
   * Gives the source of a request.
   *
   * @param contentLength - CONTENT_LENGTH, if the client has sent one
   * @param maxBytes - 0 means no limit
   * @returns null when there is no body
   * @throws ProtocolError 413 when a longer body is announced
   */
  static of(request: Request, contentLength: string | undefined, maxBytes: number): RequestBodySource | null {
    if (request.method === "GET" || request.method === "HEAD" || request.body === null) return null;
    if (maxBytes > 0 && Number(contentLength) > maxBytes) throw bodyTooLarge(maxBytes);
    return new RequestBodySource(request, maxBytes);
  }

  async pull(): Promise<Bytes | null> {
    if (this.#failure !== null) throw this.#failure;
    this.#reader ??= readerOf(this.#request);
    const { done, value } = await this.#next(this.#reader);
    if (done) {
      this.#isEnded = true;
      return null;
    }
    this.bytes += value.length;
    if (this.#maxBytes > 0 && this.bytes > this.#maxBytes) throw bodyTooLarge(this.#maxBytes);
    return value;
  }

  /** The rest will not come. */
  fail(reason: Error): void {
    if (this.#isEnded) return;
    this.#failure ??= reason;
    this.#rejectPull?.(reason);
  }

  /** The answer is over: nobody needs the rest of what was begun. A body that nobody has begun is the platform's to throw away. */
  discard(): void {
    const reader = this.#reader;
    if (reader === null || this.#isEnded) return;
    this.fail(new ClientDisconnected("The application read the request body after the response was complete"));
    reader.cancel().catch(() => {});
  }

  /** Some platforms leave a read waiting when its client leaves; `fail` ends it. */
  async #next(reader: Reader): Promise<Awaited<ReturnType<Reader["read"]>>> {
    try {
      return await new Promise((resolve, reject) => {
        this.#rejectPull = reject;
        reader.read().then(resolve, (cause: unknown) => {
          reject(
            new ClientDisconnected("The client disconnected before it had sent the whole request body", { cause }),
          );
        });
      });
    } finally {
      this.#rejectPull = null;
    }
  }
}

function readerOf(request: Request): Reader {
  const { body } = request;
  if (request.bodyUsed || body === null || body.locked) {
    throw new ContractViolation(
      "ERR_TSGI_BODY_CONSUMED",
      "The body of the request was read before the application was called; pass the Request on unread",
    );
  }
  return body.getReader() as Reader; // the chunks of a body are bytes
}
