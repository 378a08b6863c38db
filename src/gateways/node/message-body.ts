// The body of a Node request as a source of `wsgi.input`: read when the application asks, so that the socket waits otherwise.
// Source: node:stream, "Readable streams" in paused mode.
import type { Readable } from "node:stream";
import { bodyTooLarge, ClientDisconnected } from "../../http/errors.ts";
import { ContractViolation } from "../../wsgi/errors.ts";
import type { ByteSource } from "../../wsgi/input-stream.ts";
import type { Bytes } from "../../wsgi/types.ts";
import type { AnsweredBody } from "../answer.ts";

/** A source that ends with its answer. */
export type BodySource = ByteSource & AnsweredBody;

/**
 * Gives the body of a request.
 *
 * @param request - with `rawBody` or `body` if another middleware has read it: bytes are taken from there
 * @param environ - has its header fields: Node makes an object of them only when somebody asks, and nobody else may
 * @param maxBytes - 0 means no limit
 * @returns null when there is none
 * @throws ProtocolError 413 when a longer body is announced
 */
export function bodySourceOf(
  request: Readable,
  { CONTENT_LENGTH: contentLength, HTTP_TRANSFER_ENCODING: coding }: { readonly [variable: string]: unknown },
  maxBytes: number,
): BodySource | null {
  const isAnnounced =
    contentLength === undefined ? coding !== undefined || hasOpenStream(request) : Number(contentLength) > 0;
  if (!isAnnounced) return null;
  if (maxBytes > 0 && Number(contentLength) > maxBytes) throw bodyTooLarge(maxBytes);
  if (!request.readableDidRead && !request.readableEnded) return new MessageBody(request, maxBytes);
  const { rawBody, body } = request as { rawBody?: unknown; body?: unknown };
  if (rawBody instanceof Uint8Array) return bytesSource(rawBody);
  return body instanceof Uint8Array ? bytesSource(body) : CONSUMED;
}

/** Of HTTP/2, where a body needs neither a length nor a coding. */
function hasOpenStream(request: Readable): boolean {
  return "stream" in request && !(request.stream as { endAfterHeaders?: boolean }).endAfterHeaders;
}

class MessageBody implements BodySource {
  readonly #stream: Readable;
  readonly #maxBytes: number;
  bytes = 0;
  #failure: Error | null = null;
  #isListening = false;
  #isEnded = false;
  #waiting: (() => void) | null = null;

  constructor(stream: Readable, maxBytes: number) {
    this.#stream = stream;
    this.#maxBytes = maxBytes;
  }

  pull(): Bytes | null | Promise<Bytes | null> {
    this.#listen();
    const chunk = this.#next();
    return chunk === undefined ? this.#wait() : chunk;
  }

  fail(reason: Error): void {
    if (this.#isEnded) return;
    this.#failure ??= reason;
    this.#wake();
  }

  discard(): void {
    this.fail(new ClientDisconnected("The application read the request body after the response was complete"));
    // Node throws away what nobody has read; who listens for it would keep it.
    if (!this.#isListening) return;
    this.#stream.off("readable", this.#wake);
    this.#stream.resume();
  }

  /** @returns undefined when there is nothing yet */
  #next(): Bytes | null | undefined {
    if (this.#failure !== null) throw this.#failure;
    const chunk = this.#stream.read() as Buffer | null;
    if (chunk !== null) {
      this.bytes += chunk.length;
      if (this.#maxBytes > 0 && this.bytes > this.#maxBytes) throw bodyTooLarge(this.#maxBytes);
      return chunk;
    }
    return this.#isEnded || this.#stream.readableEnded ? null : undefined;
  }

  async #wait(): Promise<Bytes | null> {
    for (;;) {
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
      const chunk = this.#next();
      if (chunk !== undefined) return chunk;
    }
  }

  #listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    const gone = (cause?: Error): void =>
      this.fail(
        new ClientDisconnected(
          "The client disconnected before it had sent the whole request body",
          cause === undefined ? {} : { cause },
        ),
      );
    this.#stream
      .on("readable", this.#wake)
      .once("end", () => {
        this.#isEnded = true;
        this.#wake();
      })
      .once("error", gone)
      .once("close", () => gone());
  }

  readonly #wake = (): void => {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.();
  };
}

function bytesSource(bytes: Uint8Array): BodySource {
  let rest: Uint8Array | null = bytes;
  return {
    bytes: bytes.length,
    pull() {
      const chunk = rest;
      rest = null;
      return chunk;
    },
    fail() {},
    discard() {},
  };
}

/** Stands for a body that is gone; who does not ask for it gets along without. */
const CONSUMED: BodySource = {
  bytes: 0,
  pull() {
    throw new ContractViolation(
      "ERR_TSGI_BODY_CONSUMED",
      "Another middleware, such as express.json(), has read the request body; mount this handler before it, or keep the bytes in req.rawBody",
    );
  },
  fail() {},
  discard() {},
};
