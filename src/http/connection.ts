// One connection of a client: reads requests one at a time, lets the gateway answer each, and keeps the deadlines.
// Source: RFC 9112 section 9; RFC 9110 section 10.1.1 (Expect).
//
// Phases:  open ──(error, close, last answer)──► lingering ──► closed
//   open       no exchange: waiting for a head (idle, or within one) │ an exchange: its body arrives, its answer leaves
//   lingering  our side is ended; what the client still sends is thrown away for a while, so that it gets our last answer
//              instead of a reset (RFC 9112 section 9.6)
// Requests are not looked at ahead of their turn, so pipelined answers keep their order and nothing runs on a condemned
// connection (CVE-2024-49768).
import type { Socket } from "node:net";
import { BodyClock } from "./body-clock.ts";
import { LengthDecoder, type BodyDecoder } from "./body-decoder.ts";
import { ChunkedDecoder } from "./chunked-decoder.ts";
import { ClientDisconnected, ProtocolError } from "./errors.ts";
import { errorPage, Exchange, type ExchangeOwner } from "./exchange.ts";
import { dateLine } from "./date-line.ts";
import { HeadParser, type Variables } from "./head-parser.ts";
import { endpointsOf, type Endpoints } from "./endpoints.ts";
import type { Limits } from "./limits.ts";
import { Output } from "./output.ts";
import { RequestBody, type RequestBodyOwner } from "./request-body.ts";
import { ResponseHead } from "./response-head.ts";
import type { Ticker, Ticking } from "./ticker.ts";

/** What all connections of a server share. */
export interface ConnectionContext {
  readonly limits: Limits;
  readonly ticker: Ticker;
  /** True once the server is stopping: every answer closes its connection. */
  readonly isClosing: boolean;
  /** While it is stopping: time that a connection stays open for one more request behind an answer that has promised it, in seconds. */
  readonly goodbyeSeconds: number;
  /** Returns the object that receives the CGI variables of a request. */
  newVariables(connection: Connection): Variables;
  /** Answers a request. */
  handle(exchange: Exchange, connection: Connection): void;
  /** A request was refused before there was an exchange. */
  refused(error: ProtocolError, connection: Connection): void;
  /** The connection is gone. */
  closed(connection: Connection): void;
}

type Phase = "open" | "lingering" | "closed";

/** Unparsed bytes that may wait for their turn before the socket is paused. */
const INPUT_HIGH_WATER = 65_536;
/** Received bytes are looked at as text in windows of this size; a body behind the head is not. */
const WINDOW_BYTES = 4096;
/** What is read of a condemned connection, and thrown away. */
const LINGER_BYTES = 262_144;

const CONTINUE = Buffer.from("HTTP/1.1 100 Continue\r\n\r\n", "latin1");
const NO_DEADLINE = Number.POSITIVE_INFINITY;
const CONNECTION = Symbol("connection");

type OwnedSocket = Socket & { [CONNECTION]: Connection };

/** A connection. It lives as long as its socket. */
export class Connection implements ExchangeOwner, RequestBodyOwner, Ticking {
  place = -1;
  readonly socket: Socket;
  #endpoints: Endpoints | null = null;
  readonly #context: ConnectionContext;
  readonly #parser: HeadParser;
  #phase: Phase = "open";
  #exchange: Exchange | null = null;
  #body: RequestBody | null = null;
  #decoder: BodyDecoder | null = null;
  /** Received bytes whose turn has not come, and the position from which they are unread. */
  #input: Buffer | null = null;
  #offset = 0;
  #window = "";
  #windowStart = 0;
  #windowOf: Buffer | null = null;
  #isAdvancing = false;
  #isPaused = false;
  /** The client has ended its side. */
  #hasEnded = false;
  /** What the client sends is not understood any more; the answer in hand is the last. */
  #isCondemned = false;
  #isContinueOwed = false;
  /** The server stops, but the last answer did not say so: a request may be on its way (RFC 9112 section 9.6). */
  #isPromiseOpen = false;
  #requests = 0;
  #deadline: number;
  /** Bytes thrown away: of a body that nobody read, or behind our end of the connection. */
  #lingered = 0;
  readonly #output: Output;
  #bodyClock: BodyClock | null = null;

  /** @param endpoints - when they are not those of the socket; null otherwise */
  constructor(socket: Socket, context: ConnectionContext, endpoints: Endpoints | null = null) {
    this.socket = socket;
    this.#output = new Output(socket);
    this.#endpoints = endpoints;
    this.#context = context;
    this.#parser = new HeadParser(context.limits, () => context.newVariables(this));
    context.ticker.add(this);
    this.#deadline = context.ticker.deadline(context.limits.headTimeoutSeconds);
    const owned = socket as OwnedSocket;
    owned[CONNECTION] = this;
    owned.on("data", onData);
    owned.on("drain", onDrain);
    owned.on("end", onEnd);
    owned.on("error", onError);
    owned.on("close", onClose);
  }

  /** Both ends of the connection, as CGI names them. */
  get endpoints(): Endpoints {
    this.#endpoints ??= endpointsOf(this.socket);
    return this.#endpoints;
  }

  /** The request head that is being read, as far as it was parsed, for the log line of a refused request. */
  get unansweredHead(): Pick<HeadParser, "method" | "minor" | "target" | "variables"> {
    return this.#parser;
  }

  /** True between requests: the last one is complete, and nothing of the next one has arrived. */
  get isIdle(): boolean {
    return this.#isBetweenRequests && this.#decoder === null && this.#output.isEmpty;
  }

  /** True while a request is being answered. */
  get isBusy(): boolean {
    return this.#exchange !== null;
  }

  /** True when every answer was handed over; bytes of the last one may still wait in the socket. */
  get #isBetweenRequests(): boolean {
    return this.#phase === "open" && this.#exchange === null && this.#input === null && !this.#parser.isPartial;
  }

  get #hasInput(): boolean {
    return this.#input !== null && this.#offset < this.#input.length;
  }

  /**
   * Closes the connection: at once between requests, otherwise after the current response. A request head that has begun, or a request that
   * was promised an answer, must arrive soon.
   */
  close(): void {
    if (this.#isPromiseOpen || this.#exchange !== null || this.#phase !== "open") return;
    if (this.#isBetweenRequests) this.#end();
    else this.#deadline = Math.min(this.#deadline, this.#context.ticker.deadline(this.#headSeconds));
  }

  /** Cuts the connection, whatever it is doing. */
  destroy(): void {
    this.socket.destroy();
  }

  /** Sends an error response and closes the connection. Use it before any request was read. */
  refuse(error: ProtocolError): void {
    if (this.#phase !== "open") return;
    const page = errorPage(error.status);
    const head = new ResponseHead(page.status, page.fields);
    const isHead = this.#parser.method === "HEAD" && this.#parser.target !== null;
    const text = `${head.text}${dateLine()}Content-Length: ${page.body.length}\r\nConnection: close\r\n\r\n`;
    this.writeWithHead(text, isHead ? new Uint8Array(0) : page.body);
    this.#context.refused(error, this);
    this.#end();
  }

  // What an exchange needs.

  write(data: Uint8Array): boolean {
    return this.#phase !== "open" || this.#output.write(data);
  }

  writeWithHead(head: string, body: Uint8Array): boolean {
    return this.#phase !== "open" || this.#output.writeWithHead(head, body);
  }

  writeChunk(data: Uint8Array, head?: string): boolean {
    return this.#phase !== "open" || this.#output.writeChunk(data, head);
  }

  drained(): Promise<void> {
    return this.#phase === "open" ? this.#output.drained() : Promise.resolve();
  }

  /** Time for a whole head. A server that stops does not wait for a slow one. */
  get #headSeconds(): number {
    const { isClosing, limits } = this.#context;
    return isClosing ? Math.min(limits.headTimeoutSeconds, limits.lingerSeconds) : limits.headTimeoutSeconds;
  }

  mayPersist(): boolean {
    const { limits } = this.#context;
    if (this.#context.isClosing || this.#isCondemned || (this.#hasEnded && !this.#hasInput)) return false;
    if (limits.maxRequestsPerConnection > 0 && this.#requests >= limits.maxRequestsPerConnection) return false;
    // A client that waits for 100 Continue may or may not send its body now: only closing is unambiguous.
    if (this.#isContinueOwed) return false;
    if (this.#decoder?.bytesLeft === Number.POSITIVE_INFINITY) this.#takeReceivedBody();
    // Chunks may go on for ever, so nobody can promise to read to their end.
    return !this.#isCondemned && (this.#decoder === null || this.#decoder.bytesLeft <= limits.maxUnreadBodyBytes);
  }

  completed(exchange: Exchange): void {
    this.#exchange = null;
    const body = this.#body;
    if (body !== null) {
      this.#body = null;
      this.#bodyClock = null;
      body.discard();
    }
    this.#isContinueOwed = false;
    const { isClosing, goodbyeSeconds, ticker, limits } = this.#context;
    // The server began to stop after the head had left with the promise of a next answer.
    this.#isPromiseOpen = isClosing && goodbyeSeconds > 0;
    if (!exchange.isPersistent || (isClosing && !this.#isPromiseOpen && this.#isBetweenRequests)) {
      this.#end();
      return;
    }
    const idleSeconds = this.#isPromiseOpen
      ? Math.min(goodbyeSeconds, limits.keepAliveTimeoutSeconds)
      : limits.keepAliveTimeoutSeconds;
    // A body that nobody read is thrown away before the next request is looked for (CVE-2023-41419).
    this.#deadline = ticker.deadline(this.#decoder === null ? idleSeconds : limits.lingerSeconds);
    // Not in this turn: the body of this answer is closed before the next request begins.
    if (!this.#isAdvancing && (this.#input !== null || this.#isPaused)) queueMicrotask(() => this.#advance());
  }

  broken(exchange: Exchange): void {
    this.#exchange = null;
    this.#output.release();
    this.#linger();
    // Without length or chunks the end of the connection is the end of the body, so only a reset (or, of TLS, an end without
    // close_notify) says that it is not complete.
    if (exchange.minor === 1) this.socket.destroySoon();
    else if (this.socket.remoteFamily !== undefined && !("encrypted" in this.socket)) this.socket.resetAndDestroy();
    else this.socket.destroy();
  }

  // What the body of a request needs.

  wanted(): void {
    if (this.#isContinueOwed) {
      this.#isContinueOwed = false;
      if (this.#exchange?.isSent === false && this.#body?.bytes === 0 && !this.#hasInput) this.write(CONTINUE);
    }
    if (this.#body?.isWaiting === true) this.#bodyClock?.start(this.#context.ticker.now, this.#body.bytes);
    if (this.#input !== null) this.#advance();
    this.#resume();
  }

  /** Checks the deadlines. */
  tick(now: number): void {
    if (this.#output.isStalled(now, this.#context.limits.writeTimeoutSeconds)) {
      this.#abandon(new ClientDisconnected("The client did not read the response in time"));
      return;
    }
    this.#checkBody(now);
    if (now < this.#deadline) return;
    if (this.#phase === "lingering" || this.#decoder !== null) {
      // What is still to be sent has its own clock, above; the time to linger begins when it has left.
      if (this.#output.isEmpty) this.socket.destroy();
      else this.#deadline = this.#context.ticker.deadline(this.#context.limits.lingerSeconds);
    } else if (this.#parser.isBegun)
      this.refuse(new ProtocolError(408, "ERR_HTTP_HEAD_TIMEOUT", "The request headers did not arrive in time"));
    else if (this.#output.isEmpty) this.#end();
  }

  received(chunk: Buffer): void {
    if (this.#phase === "lingering") {
      // A client that goes on sending is held up rather than cut off: a reset could overtake the answer.
      this.#lingered += chunk.length;
      if (this.#lingered > LINGER_BYTES) this.#pause();
      return;
    }
    if (this.#phase === "closed") return;
    if (this.#input === null) {
      this.#input = chunk;
      this.#offset = 0;
    } else {
      this.#input = Buffer.concat([this.#input.subarray(this.#offset), chunk]);
      this.#offset = 0;
    }
    this.#advance();
  }

  drain(): void {
    this.#output.drain();
    if (this.#exchange === null && this.#phase === "open" && this.#output.hasRoom) this.#advance();
  }

  /** The client has closed its sending side: answer complete requests, then close ours. */
  ended(): void {
    this.#hasEnded = true;
    if (this.#phase !== "open") return;
    if (this.#decoder !== null && !this.#decoder.isDone) {
      this.#decoder = null;
      this.#body?.fail(new ClientDisconnected("The client disconnected before it had sent the whole request body"));
    }
    if (this.#exchange !== null)
      this.#exchange.left(
        new ClientDisconnected("The client closed its side of the connection before the response was complete"),
      );
    else if (!this.#hasInput) this.#end();
  }

  gone(error: Error | null): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#context.ticker.delete(this);
    this.#input = null;
    this.#windowOf = null;
    const exchange = this.#exchange;
    this.#exchange = null;
    exchange?.abort(
      new ClientDisconnected(
        "The client disconnected before the response was complete",
        error === null ? {} : { cause: error },
      ),
    );
    this.#output.release();
    this.#context.closed(this);
  }

  /** Goes through the received bytes: the rest of a body, then one request after another. */
  #advance(): void {
    if (this.#isAdvancing) return;
    this.#isAdvancing = true;
    try {
      while (this.#input !== null && this.#phase === "open" && this.#step(this.#input));
    } catch (error) {
      this.#refuseInput(error);
    } finally {
      this.#isAdvancing = false;
    }
    if (this.#phase !== "open") return;
    if (this.#hasEnded && this.#exchange === null && !this.#hasInput) this.#end();
    else if (this.#input !== null && this.#input.length - this.#offset >= INPUT_HIGH_WATER) this.#pause();
    else if (this.#isPaused && this.#body?.isFull !== true) this.#resume();
  }

  /** Takes the next thing out of the input. False when nothing more can be taken now. */
  #step(input: Buffer): boolean {
    if (this.#decoder !== null) {
      if (this.#body?.isFull === true) {
        this.#pause();
        return false;
      }
      this.#takeBody(this.#decoder, input);
    } else if (this.#exchange === null && this.#output.hasRoom) this.#takeHead(input);
    else return false;
    this.#dropTakenInput();
    return true;
  }

  #dropTakenInput(): void {
    if (this.#input === null || this.#offset < this.#input.length) return;
    this.#input = null;
    this.#windowOf = null;
    this.#window = "";
  }

  #takeBody(decoder: BodyDecoder, input: Buffer): void {
    const body = this.#body;
    this.#offset = decoder.decode(input, this.#offset, (slice) => {
      if (body === null) this.#lingered += slice.length;
      else body.push(slice);
    });
    if (body?.isWaiting === false) this.#bodyClock?.stop(this.#context.ticker.now);
    if (body === null && this.#lingered > this.#context.limits.maxUnreadBodyBytes) {
      this.#end();
      return;
    }
    if (!decoder.isDone) return;
    this.#decoder = null;
    this.#lingered = 0;
    if (body !== null) body.end();
    else this.#deadline = this.#context.ticker.deadline(this.#context.limits.keepAliveTimeoutSeconds);
  }

  #takeHead(input: Buffer): void {
    if (this.#windowOf !== input || this.#offset >= this.#windowStart + this.#window.length) {
      this.#windowOf = input;
      this.#windowStart = this.#offset;
      this.#window = input.toString("latin1", this.#offset, Math.min(input.length, this.#offset + WINDOW_BYTES));
    }
    const parser = this.#parser;
    const wasPartial = parser.isPartial;
    const end = parser.feed(this.#window, this.#offset - this.#windowStart);
    if (end === -1) {
      this.#offset = this.#windowStart + this.#window.length;
      // The time for a head is counted once, from its first byte (CVE-2018-12122): more bytes do not extend it.
      if (!wasPartial && this.#requests > 0) this.#deadline = this.#context.ticker.deadline(this.#headSeconds);
      return;
    }
    this.#offset = this.#windowStart + end;
    this.#begin();
  }

  /** A head is complete: frame its body and let it be answered. */
  #begin(): void {
    const parser = this.#parser;
    const { limits } = this.#context;
    const target = parser.target;
    if (target === null) throw new TypeError("The parser ended a head without a request line");
    if (limits.maxBodyBytes > 0 && parser.contentLength > limits.maxBodyBytes) {
      throw new ProtocolError(
        413,
        "ERR_HTTP_BODY_TOO_LARGE",
        `The request body is longer than ${limits.maxBodyBytes} bytes`,
      );
    }
    const hasBody = parser.isChunked || parser.contentLength > 0;
    if (hasBody) {
      this.#decoder = parser.isChunked ? new ChunkedDecoder(limits) : new LengthDecoder(parser.contentLength);
      this.#body = new RequestBody(this);
      this.#isContinueOwed = parser.isContinueExpected;
      this.#bodyClock = new BodyClock();
    }
    const exchange = new Exchange(this, parser, target, this.#body);
    this.#exchange = exchange;
    this.#requests += 1;
    this.#deadline = NO_DEADLINE;
    parser.begin();
    this.#context.handle(exchange, this);
  }

  /** The input cannot be understood: nothing of this connection is parsed again. */
  #refuseInput(error: unknown): void {
    this.#input = null;
    this.#windowOf = null;
    this.#decoder = null;
    if (!(error instanceof ProtocolError)) throw error;
    if (this.#exchange === null) this.refuse(error);
    else this.#condemn(error);
  }

  /** Takes what has come of a body already, so that a short one is known to be complete when its answer leaves. */
  #takeReceivedBody(): void {
    try {
      while (this.#decoder !== null && this.#input !== null && this.#offset < this.#input.length)
        this.#takeBody(this.#decoder, this.#input);
      this.#dropTakenInput();
    } catch (error) {
      this.#refuseInput(error);
    }
  }

  /** Ends our side and listens for a while, so that the client can read our last answer. */
  #end(): void {
    if (this.#phase !== "open") return;
    this.#linger();
    this.#output.end();
  }

  #linger(): void {
    this.#phase = "lingering";
    this.#input = null;
    this.#windowOf = null;
    this.#decoder = null;
    this.#deadline = this.#context.ticker.deadline(this.#context.limits.lingerSeconds);
    this.#resume();
  }

  #abandon(reason: ClientDisconnected): void {
    const exchange = this.#exchange;
    this.#exchange = null;
    exchange?.abort(reason);
    this.socket.destroy();
  }

  #pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.socket.pause();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.socket.resume();
  }

  /** Ends a body that does not come. */
  #checkBody(now: number): void {
    const body = this.#body;
    if (body === null || !body.isWaiting || this.#bodyClock?.isOverdue(now, body.bytes, this.#context.limits) !== true)
      return;
    this.#input = null;
    this.#decoder = null;
    this.#condemn(new ProtocolError(408, "ERR_HTTP_BODY_TIMEOUT", "The request body did not arrive in time"));
  }

  /** The body cannot be had whole, so it is not known where a next request would begin: the answer in hand is the last. */
  #condemn(error: ProtocolError): void {
    this.#isCondemned = true;
    if (this.#exchange !== null) this.#exchange.isPersistent = false;
    this.#body?.fail(error);
  }
}

// Shared by all connections: a listener per connection and event would be five closures for each idle client.

function onData(this: Socket, chunk: Buffer): void {
  (this as OwnedSocket)[CONNECTION].received(chunk);
}

function onDrain(this: Socket): void {
  (this as OwnedSocket)[CONNECTION].drain();
}

function onEnd(this: Socket): void {
  (this as OwnedSocket)[CONNECTION].ended();
}

function onError(this: Socket, error: Error): void {
  (this as OwnedSocket)[CONNECTION].gone(error);
}

function onClose(this: Socket): void {
  (this as OwnedSocket)[CONNECTION].gone(null);
}
