// The body of a CGI request: standard input, of which CONTENT_LENGTH bytes belong to the request. A web server need not close it behind them
// (RFC 3875 section 4.2).
import type { Readable } from "node:stream";
import { bodyTooLarge, ClientDisconnected } from "../../http/errors.ts";
import type { ByteSource } from "../../wsgi/input-stream.ts";
import type { Bytes } from "../../wsgi/types.ts";
import type { AnsweredBody } from "../answer.ts";

/** A body that is read when the application asks. */
export class CGIInput implements ByteSource, AnsweredBody {
  bytes = 0;
  readonly #open: () => Readable;
  readonly #length: number;
  readonly #maxBytes: number;
  #chunks: AsyncIterator<Bytes> | null = null;
  #failure: Error | null = null;
  #rejectPull: ((reason: Error) => void) | null = null;

  /**
   * @param open - gives the stream, the first time that bytes are wanted: making it costs more than most answers
   * @param length - of the body, in bytes; -1 when it ends with the stream
   * @param maxBytes - longest body; 0 means no limit
   */
  constructor(open: () => Readable, length: number, maxBytes: number) {
    this.#open = open;
    this.#length = length;
    this.#maxBytes = maxBytes;
  }

  async pull(): Promise<Bytes | null> {
    if (this.#failure !== null) throw this.#failure;
    if (this.bytes === this.#length) return null;
    const chunk = await this.#next();
    if (chunk === null) {
      if (this.#length === -1) return null;
      throw new ClientDisconnected("The client disconnected before it had sent the whole request body");
    }
    // What comes behind the body belongs to nobody.
    const own = this.#length === -1 ? chunk : chunk.subarray(0, this.#length - this.bytes);
    this.bytes += own.length;
    if (this.#maxBytes > 0 && this.bytes > this.#maxBytes) throw bodyTooLarge(this.#maxBytes);
    return own;
  }

  fail(reason: Error): void {
    this.#failure ??= reason;
    this.#rejectPull?.(reason);
  }

  discard(): void {
    this.fail(new ClientDisconnected("The application read the request body after the response was complete"));
  }

  async #next(): Promise<Bytes | null> {
    this.#chunks ??= this.#open().iterator({ destroyOnReturn: false });
    const chunks = this.#chunks;
    try {
      const { done, value } = await new Promise<IteratorResult<Bytes, unknown>>((resolve, reject) => {
        this.#rejectPull = reject;
        chunks.next().then(resolve, (cause: unknown) => {
          reject(new ClientDisconnected("Standard input failed before the whole request body was read", { cause }));
        });
      });
      return done === true ? null : value;
    } finally {
      this.#rejectPull = null;
    }
  }
}
