// Reads one answer of HTTP/1.x out of bytes that come in any pieces: interim answers, head, body by whichever framing, end. No I/O.
// Source: RFC 9110 section 15.2; RFC 9112 section 6.3. Bodies are cut out by the decoders that read those of requests.
import { AnswerError } from "./answer-error.ts";
import { AnswerHeadParser } from "./answer-head-parser.ts";
import { type BodyDecoder, LengthDecoder } from "./body-decoder.ts";
import { ChunkedDecoder } from "./chunked-decoder.ts";
import { ProtocolError } from "./errors.ts";
import { DEFAULT_LIMITS, type Limits } from "./limits.ts";

/** What hears of an answer, in this order. */
export interface AnswerListener {
  /** An interim answer; any number of times, before `head`. */
  interim(statusCode: number, fields: [name: string, value: string][]): void;
  /**
   * The final head, or that of 101, behind which all is data in the other protocol, to the end of the connection.
   *
   * @param reason - may be empty
   * @param fields - without those of the connection
   */
  head(statusCode: number, reason: string, fields: [name: string, value: string][]): void;
  /** A part of the body: a view of what was received. */
  data(chunk: Buffer): void;
  /** The answer is complete. @param keepAliveSeconds - how long the connection can be used again; 0 when it cannot, -1 when the server does not say */
  complete(keepAliveSeconds: number): void;
}

/** A server that sends interim answers for ever must not be waited for. */
const MAX_INTERIM_ANSWERS = 32;

/** The bounds of answers: larger heads than those of requests, for cookies and policies; bodies of any length. */
export const ANSWER_LIMITS: Limits = { ...DEFAULT_LIMITS, maxFields: 256, maxBodyBytes: 0 };

/** Received bytes that become text at once. */
const WINDOW_BYTES = 4096;

type Framing = "length" | "close" | "none";

/** What a reader must know of the request. */
export interface AnswerDecoderOptions {
  /** The protocol that was asked for by Upgrade; 101 without it is refused, and so is another. @default null */
  readonly upgrade?: string | null;
}

/** Reads one answer. After it has thrown, or told of the end, do not feed it again. */
export class AnswerDecoder {
  readonly #method: string;
  readonly #listener: AnswerListener;
  readonly #upgrade: string | null;
  readonly #parser = new AnswerHeadParser(ANSWER_LIMITS);
  #interim = 0;
  #interimBytes = 0;
  /** Null while the head is not complete, and for a body without framing. */
  #body: BodyDecoder | null = null;
  #isToEnd = false;
  #isOver = false;

  /** @param method - of the request: an answer to HEAD has no body */
  constructor(method: string, listener: AnswerListener, { upgrade = null }: AnswerDecoderOptions = {}) {
    this.#method = method;
    this.#listener = listener;
    this.#upgrade = upgrade;
    this.#parser.begin();
  }

  /** Takes bytes. @throws AnswerError */
  push(data: Buffer): void {
    let position = 0;
    if (this.#body === null && !this.#isToEnd) {
      position = this.#pushHead(data);
      if (position === -1) return;
      this.#begin(position === data.length);
      if (this.#isOver) return;
    }
    if (this.#body !== null) this.#pushBody(this.#body, data, position);
    else if (position < data.length) this.#listener.data(position === 0 ? data : data.subarray(position));
  }

  /** The server has closed the connection. @throws AnswerError when the answer was not complete */
  end(): void {
    if (this.#isOver) return;
    if (this.#isToEnd) return this.#complete(false);
    const { bytesLeft } = this.#body ?? { bytesLeft: -1 };
    if (bytesLeft === -1) {
      const what =
        this.#parser.headBytes + this.#interimBytes === 0 ? "before its answer" : "in the head of its answer";
      throw new AnswerError("ERR_HTTP_ANSWER_CUT", `The server closed the connection ${what}`);
    }
    const what =
      bytesLeft === Number.POSITIVE_INFINITY ? "its last chunk" : `the last ${bytesLeft} bytes of its answer`;
    throw new AnswerError("ERR_HTTP_ANSWER_CUT", `The server closed the connection before ${what}`);
  }

  /** Returns the position behind the final head, or -1 when more is needed. */
  #pushHead(data: Buffer): number {
    const parser = this.#parser;
    // In pieces, because most of a large chunk is no part of a head, and need not become text.
    for (let offset = 0; offset < data.length; offset += WINDOW_BYTES) {
      const text = data.toString("latin1", offset, offset + WINDOW_BYTES);
      for (let at = parser.feed(text, 0); at !== -1; at = parser.feed(text, at)) {
        if (parser.statusCode >= 200) return offset + at;
        if (parser.statusCode === 101) {
          this.#checkSwitch();
          return offset + at;
        }
        this.#skipInterim();
      }
    }
    return -1;
  }

  /** The final head is there. @param isLast - nothing came behind it */
  #begin(isLast: boolean): void {
    const parser = this.#parser;
    const framing = this.#framing();
    this.#listener.head(parser.statusCode, parser.reason, parser.fields);
    if (framing === "none") this.#complete(parser.isKeepAlive && isLast);
    else if (framing === "close") this.#isToEnd = true;
    else this.#body = parser.isChunked ? new ChunkedDecoder(ANSWER_LIMITS) : new LengthDecoder(parser.contentLength);
  }

  #skipInterim(): void {
    const parser = this.#parser;
    this.#interim += 1;
    this.#interimBytes += parser.headBytes;
    if (this.#interim > MAX_INTERIM_ANSWERS || this.#interimBytes > ANSWER_LIMITS.maxHeadBytes) {
      throw new AnswerError(
        "ERR_HTTP_ANSWER_INTERIM",
        "The server sent too many interim answers (1xx) before its answer",
      );
    }
    this.#listener.interim(parser.statusCode, parser.fields);
    parser.begin();
  }

  /** Without a check, a client that was declined could speak to the server as if it were this one. */
  #checkSwitch(): void {
    const { upgrade } = this.#parser;
    if (this.#upgrade === null)
      throw new AnswerError("ERR_HTTP_ANSWER_UPGRADE", "The server switched protocols although nobody asked for it");
    if (upgrade.toLowerCase() !== this.#upgrade)
      throw new AnswerError(
        "ERR_HTTP_ANSWER_UPGRADE",
        `The server switched to the protocol ${JSON.stringify(upgrade)}; expected ${JSON.stringify(this.#upgrade)}`,
      );
  }

  /** Which framing the body has (RFC 9112 section 6.3). */
  #framing(): Framing {
    const { statusCode, isChunked, contentLength } = this.#parser;
    if (statusCode === 101) return "close";
    if (this.#method === "HEAD" || statusCode === 204 || statusCode === 304) return "none";
    if (isChunked) return "length";
    if (contentLength === 0) return "none";
    return contentLength === -1 ? "close" : "length";
  }

  #pushBody(body: BodyDecoder, data: Buffer, start: number): void {
    let position: number;
    try {
      position = body.decode(data, start, (slice) => this.#listener.data(slice));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      throw new AnswerError("ERR_HTTP_ANSWER_CHUNK", error.message, { cause: error });
    }
    // What follows answers nothing that was asked: whoever read it as an answer would give it to the wrong client.
    if (body.isDone) this.#complete(this.#parser.isKeepAlive && position === data.length);
  }

  #complete(isKeptAlive: boolean): void {
    this.#isOver = true;
    this.#listener.complete(isKeptAlive ? this.#parser.keepAliveSeconds : 0);
  }
}
