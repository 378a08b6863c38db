// The answer to one request that comes on a connection of its own, in the words of HTTP/1.1: the application has taken the connection over,
// and may go over to another protocol with 101. Its thread is free for other requests meanwhile.
// Source: docs/lane-protocol.md, "Connections of their own"; Rack SPEC, "Hijacking".
import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { AnswerDecoder, type AnswerListener } from "../../http/answer-decoder.ts";
import { AnswerError } from "../../http/answer-error.ts";
import { offeredProtocols } from "../../http/upgrade.ts";
import { encodeHead } from "../../protocols/lane/environ-text.ts";
import { FrameFlag, frameHeader, FrameType } from "../../protocols/lane/frame.ts";
import { reasonOf } from "../../reason-phrase.ts";
import { nextChunk } from "../../wsgi/input-stream.ts";
import type { InputStream } from "../../wsgi/types.ts";
import { BodyQueue, type BodyWriter } from "../body-queue.ts";
import { GuestApplicationFailed, GuestClientGone, type GuestRequestError } from "./errors.ts";
import type { AnswerElsewhere, GuestExchange } from "./guest-exchange.ts";
import { outliveFailedWrites } from "./outlive-failed-writes.ts";

/** Most bytes that are read of the client at once. */
const CHUNK_BYTES = 65_536;
/** How long a head waits for the first bytes of its body, in milliseconds: an EventSource waits for the head. */
const HEAD_MILLISECONDS = 50;
/** How every answer begins. */
const BEGINNING = "HTTP/1.";

/** Bounds of an answer. */
export interface SeparateLimits {
  /** How many bytes are buffered before the guest has to wait. */
  readonly answerBytes: number;
  /** How long the application may go on when its client has ended. */
  readonly graceSeconds: number;
}

/** What hears of an answer. */
export interface SeparateOwner {
  /** Its client has ended. */
  abandoned(): void;
  /** The connection is closed. */
  over(): void;
}

/** The host's side of such a connection. */
export class SeparateAnswer implements AnswerElsewhere, AnswerListener, BodyWriter {
  readonly exchange: GuestExchange;
  readonly #socket: Socket;
  readonly #language: string;
  readonly #limits: SeparateLimits;
  readonly #owner: SeparateOwner;
  readonly #decoder: AnswerDecoder;
  readonly #queue: BodyQueue;
  readonly #protocol: string | null;
  /** Status and headers, from when they have come to when they are handed on. */
  #head: string | null = null;
  /** What the client says in another protocol. */
  #input: InputStream | null = null;
  /** The first characters, until they are seen to be those of HTTP. */
  #beginning = "";
  #isGiven = false;
  #isOver = false;
  #grace: NodeJS.Timeout | null = null;
  #headWait: NodeJS.Timeout | null = null;
  /** Goes on when the guest has taken what there was. */
  #drained: (() => void) | null = null;
  #hasClientEnded = false;
  readonly #clientEnded = (): void => {
    if (this.#input !== null) return;
    // What it has said before that in another protocol comes with its answer.
    if (this.#protocol !== null && this.#head === null) this.#beginGrace();
    else this.#endInput();
  };

  /**
   * @param exchange - the request
   * @param socket - the connection, its HELLO read
   * @param language - of the guest, for messages
   */
  constructor(exchange: GuestExchange, socket: Socket, language: string, limits: SeparateLimits, owner: SeparateOwner) {
    this.exchange = exchange;
    this.#socket = socket;
    this.#language = language;
    this.#limits = limits;
    this.#owner = owner;
    this.#protocol = protocolOf(exchange);
    this.#decoder = new AnswerDecoder(exchange.environ.REQUEST_METHOD, this, { upgrade: this.#protocol });
    this.#queue = new BodyQueue(this, limits.answerBytes);
  }

  /** Tells the guest that the connection is its own now, and listens. */
  begin(): void {
    const { exchange } = this;
    const socket = this.#socket;
    exchange.elsewhere = this;
    outliveFailedWrites(socket);
    socket.on("data", (chunk: Buffer) => this.#read(() => this.#receive(chunk)));
    // One that is closed before all was read of it ends with an error.
    for (const event of ["end", "error", "close"]) socket.on(event, () => this.#read(() => this.#decoder.end()));
    for (const event of ["drain", "close"]) socket.on(event, () => this.#drained?.());
    socket.write(frameHeader(FrameType.taken, exchange.id, 0, 0, FrameFlag.end), "latin1");
    const signal = exchange.environ["tsgi.signal"];
    if (signal?.aborted === true) this.#clientEnded();
    else signal?.addEventListener("abort", this.#clientEnded);
  }

  fail(error: GuestRequestError): void {
    this.#queue.fail(error);
    this.#isGiven = true;
    this.#end();
  }

  // The answer, as it is read.

  interim(statusCode: number, fields: [name: string, value: string][]): void {
    if (statusCode === 103) this.exchange.environ["wsgi.early_hints"]?.(fields);
  }

  head(statusCode: number, reason: string, fields: [name: string, value: string][]): void {
    if (statusCode === 101) this.#input = this.exchange.environ["tsgi.upgrade"]?.(this.#protocol ?? "") ?? null;
    this.#head = encodeHead(`${statusCode} ${reason === "" ? reasonOf(statusCode) : reason}`, fields);
  }

  data(chunk: Buffer): void {
    if (!this.#queue.push(chunk)) this.#socket.pause();
  }

  complete(): void {
    this.#queue.end();
    this.#end();
  }

  // The body, as the gateway takes it.

  /** The client has taken what there was. */
  resume(): void {
    this.#socket.resume();
  }

  /** Nobody wants the rest. */
  abandon(): void {
    this.#owner.abandoned();
    this.#end();
  }

  #receive(chunk: Buffer): void {
    if (this.#beginning.length < BEGINNING.length) this.#checkBeginning(chunk);
    this.#decoder.push(chunk);
  }

  /** An application that speaks something else may wait for its client now, and so for ever: a line might still be on its way. */
  #checkBeginning(chunk: Buffer): void {
    this.#beginning += chunk.toString("latin1", 0, BEGINNING.length - this.#beginning.length);
    if (BEGINNING.startsWith(this.#beginning)) return;
    const began = JSON.stringify(this.#beginning);
    throw new AnswerError("ERR_HTTP_ANSWER_STATUS", `It begins with ${began}, expected "HTTP/1.1" and a status`);
  }

  #read(step: () => void): void {
    if (this.#isOver) return;
    try {
      step();
    } catch (error) {
      this.#failed(error);
      return;
    }
    this.#give();
  }

  /** Hands the head on, with all of the body that has come, or alone if none comes for a while. */
  #give(isWaitOver = false): void {
    if (this.#head === null || this.#isGiven) return;
    const isReady = this.#queue.isReady || this.#input !== null;
    if (!isReady && !isWaitOver) {
      this.#headWait ??= setTimeout(() => this.#give(true), HEAD_MILLISECONDS).unref();
      return;
    }
    this.#isGiven = true;
    const { exchange } = this;
    if (exchange.isSettled) {
      this.#end();
      return;
    }
    exchange.beginWith(this.#head, -1, this.#queue.body, !isReady);
    if (this.#isOver) return;
    if (this.#input !== null) this.#pump(this.#input).catch(() => this.abandon()); // the client has left
    else if (exchange.environ["tsgi.signal"]?.aborted === true) this.#endInput();
  }

  #failed(error: unknown): void {
    const { exchange } = this;
    this.#end();
    if (exchange.environ["tsgi.signal"]?.aborted === true) exchange.fail(new GuestClientGone(this.#language));
    else if (error instanceof AnswerError) {
      const what = `What the ${this.#language} application wrote to the connection that it has taken over from ${exchange.description}`;
      exchange.fail(new GuestApplicationFailed(this.#language, `${what} is no HTTP response: ${error.message}`, ""));
    } else exchange.reject(error);
  }

  async #pump(input: InputStream): Promise<void> {
    const socket = this.#socket;
    for (;;) {
      const chunk = await nextChunk(input, CHUNK_BYTES);
      if (this.#isOver) return;
      if (chunk.length === 0) break;
      if (!socket.write(chunk)) await new Promise<void>((resolve) => (this.#drained = resolve));
    }
    this.#endInput();
  }

  /** The application hears the end of what its client says, and has some time to do the same. */
  #endInput(): void {
    if (this.#isOver || this.#hasClientEnded) return;
    this.#hasClientEnded = true;
    this.#owner.abandoned();
    this.#socket.end();
    this.#beginGrace();
  }

  #beginGrace(): void {
    this.#grace ??= setTimeout(() => this.#cutOff(), this.#limits.graceSeconds * 1000).unref();
  }

  #cutOff(): void {
    const error = new GuestClientGone(this.#language);
    this.#queue.fail(error);
    this.#end();
    this.exchange.fail(error);
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const timer of [this.#grace, this.#headWait]) if (timer !== null) clearTimeout(timer);
    this.exchange.environ["tsgi.signal"]?.removeEventListener("abort", this.#clientEnded);
    this.#socket.destroy();
    this.#owner.over();
  }
}

/** The protocol that the client may be answered with; null where its connection cannot change. */
function protocolOf({ environ }: GuestExchange): string | null {
  if (environ["tsgi.upgrade"] === undefined) return null;
  const offered = offeredProtocols(environ, 1);
  return offered.includes("websocket") ? "websocket" : (offered[0] ?? null);
}
