// One connection of a client: reads requests one at a time, lets the gateway answer each, and keeps the deadlines.
// Source: RFC 9112 section 9; RFC 9110 section 10.1.1 (Expect).
//
// Requests are not looked at ahead of their turn, so pipelined answers keep their order and nothing runs on a condemned connection
// (CVE-2024-49768). Its states, and what leads from one to another; a test drives a connection through all of them:
//
//           │ part     whole    opens    bad      end      switch   over     last     fail     late     close    gone
//   ────────┼─────────────────────────────────────────────────────────────────────────────────────────────────────────
//   idle    │ head     answer   body     linger   linger   ·        ·        ·        ·        linger   linger   closed
//   head    │ head     answer   body     linger   linger   ·        ·        ·        ·        linger   head     closed
//   body    │ body     answer   ·        answer   answer   ·        discard  linger   linger   answer   body     closed
//   answer  │ answer   answer   answer   answer   answer   body     idle     linger   linger   answer   answer   closed
//   discard │ discard  idle     ·        linger   linger   ·        ·        ·        ·        closed   linger   closed
//   linger  │ linger   linger   linger   linger   linger   ·        ·        ·        ·        closed   linger   closed
//   closed  │ closed   closed   closed   closed   closed   ·        ·        ·        ·        closed   closed   closed
//
//   idle     between two requests               part   bytes that do not complete what is being read
//   head     a request has begun                whole  a head without a body, or the rest of the body
//   body     a request is answered while its    opens  a head that announces a body
//            body arrives                       bad    bytes that cannot be understood
//   answer   a request is answered, and what    end    the client ends its side
//            there is of its body is here       over   the answer is complete, and the connection may go on
//   discard  the answer is complete, the rest   last   the answer is complete, and it was the last
//            of the body is thrown away         fail   the answer is broken off
//            (CVE-2023-41419)                   switch the application goes over to another protocol: what comes
//                                                      is body until the client ends its side
//                                               late   time is up: to be idle, for a head, for a body that the
//   linger   our side is ended; what comes is          application waits for, for what is thrown away
//            thrown away for a while, so that   close  the server stops
//            our last answer is not overtaken   gone   the socket is closed
//            by a reset (RFC 9112 section 9.6)
import type { Socket } from "node:net";
import { BodyClock } from "./body-clock.ts";
import { LengthDecoder, type BodyDecoder } from "./body-decoder.ts";
import { ChunkedDecoder } from "./chunked-decoder.ts";
import { bodyTooLarge, ClientDisconnected, ProtocolError } from "./errors.ts";
import { errorPage } from "./error-page.ts";
import { Exchange, type ExchangeOwner } from "./exchange.ts";
import { dateLine } from "./date-line.ts";
import { endpointsOf, type Endpoints } from "./endpoints.ts";
import { HeadParser, type Variables } from "./head-parser.ts";
import { InputWindow } from "./input-window.ts";
import { Output } from "./output.ts";
import { RequestBody } from "./request-body.ts";
import { ResponseHead } from "./response-head.ts";
import type { ServedConnection, ServerShare } from "./served-connection.ts";
import { listenToSocket, type SocketListener } from "./socket-events.ts";

/** Answers the requests of connections. */
export interface RequestListener {
  /** Returns the object that receives the CGI variables of a request on this connection. */
  newVariables(connection: Connection): Variables;
  /** Answers a request through `exchange`. Must not throw. */
  handle(exchange: Exchange, connection: Connection): void;
  /** A request was refused before it was complete; for the log. */
  refused?(error: ProtocolError, connection: Connection): void;
}

/** What all HTTP connections of a server share. */
export interface ConnectionOwner extends ServerShare {
  readonly listener: RequestListener;
}

/** Where a connection is in its life; the head of this file says more. */
export type ConnectionState = "idle" | "head" | "body" | "answer" | "discard" | "linger" | "closed";

/** Unparsed bytes that may wait for their turn before the socket is paused. */
const INPUT_HIGH_WATER = 65_536;
/** What is read of a condemned connection, and thrown away. */
const LINGER_BYTES = 262_144;

const CONTINUE = Buffer.from("HTTP/1.1 100 Continue\r\n\r\n", "latin1");
const EMPTY = new Uint8Array(0);
const NO_DEADLINE = Number.POSITIVE_INFINITY;

/** A connection. It lives as long as its socket. */
export class Connection implements ExchangeOwner, SocketListener, ServedConnection {
  place = -1;
  readonly socket: Socket;
  #endpoints: Endpoints | null = null;
  readonly #owner: ConnectionOwner;
  readonly #parser: HeadParser;
  readonly #input = new InputWindow();
  readonly #output: Output;
  #phase: "open" | "linger" | "closed" = "open";
  #exchange: Exchange | null = null;
  #body: RequestBody | null = null;
  #decoder: BodyDecoder | null = null;
  #isAdvancing = false;
  #isPaused = false;
  /** Both sides speak another protocol than HTTP. */
  #isSwitched = false;
  /** The client has ended its side. */
  #hasEnded = false;
  #isContinueOwed = false;
  /** The server stops, but the last answer did not say so: a request may be on its way (RFC 9112 section 9.6). */
  #isPromiseOpen = false;
  #requests = 0;
  #deadline: number;
  /** Bytes thrown away behind our end of the connection. */
  #discarded = 0;
  #bodyClock: BodyClock | null = null;

  /** @param endpoints - when they are not those of the socket; null otherwise */
  constructor(socket: Socket, owner: ConnectionOwner, endpoints: Endpoints | null = null) {
    this.socket = socket;
    this.#output = new Output(socket);
    this.#endpoints = endpoints;
    this.#owner = owner;
    this.#parser = new HeadParser(owner.limits, () => owner.listener.newVariables(this));
    owner.ticker.add(this);
    this.#deadline = owner.ticker.deadline(owner.limits.headTimeoutSeconds);
    listenToSocket(socket, this);
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

  /** Where the connection is in its life. */
  get state(): ConnectionState {
    if (this.#phase !== "open") return this.#phase;
    if (this.#exchange !== null) return this.#decoder === null ? "answer" : "body";
    if (this.#decoder !== null) return "discard";
    return this.#input.isEmpty && !this.#parser.isPartial ? "idle" : "head";
  }

  /** True between requests: the last one is complete, and nothing of the next one has arrived. */
  get isIdle(): boolean {
    return this.state === "idle" && this.#output.isEmpty;
  }

  /**
   * Closes the connection: at once between requests, otherwise after the current response. A request head that has begun, or a request that
   * was promised an answer, must arrive soon.
   */
  close(): void {
    if (this.#isPromiseOpen || this.#exchange !== null) return;
    if (this.state === "head")
      this.#deadline = Math.min(this.#deadline, this.#owner.ticker.deadline(this.#headSeconds));
    else this.#end();
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
    this.writeWithHead(text, isHead ? EMPTY : page.body);
    this.#owner.listener.refused?.(error, this);
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
    const { isClosing, limits } = this.#owner;
    return isClosing ? Math.min(limits.headTimeoutSeconds, limits.lingerSeconds) : limits.headTimeoutSeconds;
  }

  mayPersist(): boolean {
    const { limits } = this.#owner;
    if (this.#owner.isClosing || (this.#hasEnded && this.#input.isEmpty)) return false;
    if (limits.maxRequestsPerConnection > 0 && this.#requests >= limits.maxRequestsPerConnection) return false;
    // A client that waits for 100 Continue may or may not send its body now: only closing is unambiguous.
    if (this.#isContinueOwed) return false;
    if (this.#decoder?.bytesLeft === Number.POSITIVE_INFINITY) this.#takeReceivedBody();
    // Chunks may go on for ever, so nobody can promise to read to their end.
    return this.#decoder === null || this.#decoder.bytesLeft <= limits.maxUnreadBodyBytes;
  }

  switched(body: RequestBody): void {
    this.#isSwitched = true;
    this.#body = body;
    this.#decoder = new LengthDecoder(Number.POSITIVE_INFINITY);
    if (!this.#hasEnded) this.#advance();
    else this.#endSwitched(this.#decoder);
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
    const { isClosing, goodbyeSeconds, ticker, limits } = this.#owner;
    // The server began to stop after the head had left with the promise of a next answer.
    this.#isPromiseOpen = isClosing && goodbyeSeconds > 0;
    if (!exchange.isPersistent || (isClosing && !this.#isPromiseOpen && this.state !== "head")) {
      this.#end();
      return;
    }
    const idleSeconds = this.#isPromiseOpen
      ? Math.min(goodbyeSeconds, limits.keepAliveTimeoutSeconds)
      : limits.keepAliveTimeoutSeconds;
    // A body that nobody read is thrown away before the next request is looked for (CVE-2023-41419).
    this.#deadline = ticker.deadline(this.#decoder === null ? idleSeconds : limits.lingerSeconds);
    // Not in this turn: the body of this answer is closed before the next request begins.
    if (!this.#isAdvancing && (!this.#input.isEmpty || this.#isPaused)) queueMicrotask(() => this.#advance());
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
      if (this.#exchange?.isSent === false && this.#body?.bytes === 0 && this.#input.isEmpty) this.write(CONTINUE);
    }
    if (this.#body?.isWaiting === true) this.#bodyClock?.start(this.#owner.ticker.now, this.#body.bytes);
    if (!this.#input.isEmpty) this.#advance();
    this.#resume();
  }

  /** Checks the deadlines. */
  tick(now: number): void {
    if (this.#output.isStalled(now, this.#owner.limits.writeTimeoutSeconds)) {
      this.#abandon(new ClientDisconnected("The client did not read the response in time"));
      return;
    }
    this.#checkBody(now);
    if (now < this.#deadline) return;
    const { state } = this;
    if (state === "linger" || state === "discard") {
      // What is still to be sent has its own clock, above; the time to linger begins when it has left.
      if (this.#output.isEmpty) this.socket.destroy();
      else this.#deadline = this.#owner.ticker.deadline(this.#owner.limits.lingerSeconds);
    } else if (this.#parser.isBegun)
      this.refuse(new ProtocolError(408, "ERR_HTTP_HEAD_TIMEOUT", "The request headers did not arrive in time"));
    else if (this.#output.isEmpty) this.#end();
  }

  // What happens on the socket.

  received(chunk: Buffer): void {
    if (this.#phase === "linger") {
      // A client that goes on sending is held up rather than cut off: a reset could overtake the answer.
      this.#discarded += chunk.length;
      if (this.#discarded > LINGER_BYTES) this.#pause();
    } else if (this.#phase === "open") {
      this.#input.add(chunk);
      this.#advance();
    }
  }

  flushed(): void {
    this.#output.drain();
    this.#advance();
  }

  /** The client has closed its sending side: answer complete requests, then close ours. */
  ended(): void {
    this.#hasEnded = true;
    if (this.#phase !== "open") return;
    if (this.#isSwitched && this.#decoder !== null) {
      this.#endSwitched(this.#decoder);
      return;
    }
    if (this.#decoder !== null) {
      this.#decoder = null;
      this.#body?.fail(new ClientDisconnected("The client disconnected before it had sent the whole request body"));
    }
    if (this.#exchange !== null)
      this.#exchange.left(
        new ClientDisconnected("The client closed its side of the connection before the response was complete"),
      );
    else if (this.#input.isEmpty) this.#end();
  }

  gone(error: Error | null): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#owner.ticker.delete(this);
    this.#input.clear();
    const exchange = this.#exchange;
    this.#exchange = null;
    exchange?.abort(
      new ClientDisconnected(
        "The client disconnected before the response was complete",
        error === null ? {} : { cause: error },
      ),
    );
    this.#output.release();
    this.#owner.closed();
  }

  /** Goes through the received bytes: the rest of a body, then one request after another. */
  #advance(): void {
    if (this.#isAdvancing) return;
    this.#isAdvancing = true;
    try {
      while (!this.#input.isEmpty && this.#phase === "open" && this.#step());
    } catch (error) {
      this.#refuseInput(error);
    } finally {
      this.#isAdvancing = false;
    }
    if (this.#phase !== "open") return;
    if (this.#hasEnded && this.#exchange === null && this.#input.isEmpty) this.#end();
    else if (this.#input.unreadBytes >= INPUT_HIGH_WATER) this.#pause();
    else if (this.#isPaused && this.#body?.isFull !== true) this.#resume();
  }

  /** Takes the next thing out of the input. False when nothing more can be taken now. */
  #step(): boolean {
    if (this.#decoder !== null) {
      if (this.#body?.isFull === true) {
        this.#pause();
        return false;
      }
      this.#takeBody(this.#decoder);
    } else if (this.#exchange === null && this.#output.hasRoom) this.#takeHead();
    else return false;
    return true;
  }

  #takeBody(decoder: BodyDecoder): void {
    const body = this.#body;
    this.#input.readBody(decoder, (slice) => body?.push(slice));
    if (body?.isWaiting === false) this.#bodyClock?.stop(this.#owner.ticker.now);
    if (!decoder.isDone) return;
    this.#decoder = null;
    if (body !== null) body.end();
    else this.#deadline = this.#owner.ticker.deadline(this.#owner.limits.keepAliveTimeoutSeconds);
  }

  /** The client has said everything that it will say in the other protocol. */
  #endSwitched(decoder: BodyDecoder): void {
    if (!this.#input.isEmpty) this.#takeBody(decoder);
    this.#decoder = null;
    this.#body?.end();
  }

  #takeHead(): void {
    const wasPartial = this.#parser.isPartial;
    if (this.#input.readHead(this.#parser)) this.#begin();
    // The time for a head is counted once, from its first byte (CVE-2018-12122): more bytes do not extend it.
    else if (!wasPartial && this.#requests > 0) this.#deadline = this.#owner.ticker.deadline(this.#headSeconds);
  }

  /** A head is complete: frame its body and let it be answered. */
  #begin(): void {
    const parser = this.#parser;
    const { limits } = this.#owner;
    const target = parser.target;
    if (target === null) throw new TypeError("The parser ended a head without a request line");
    if (limits.maxBodyBytes > 0 && parser.contentLength > limits.maxBodyBytes) throw bodyTooLarge(limits.maxBodyBytes);
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
    this.#owner.listener.handle(exchange, this);
  }

  /** The input cannot be understood: nothing of this connection is parsed again. */
  #refuseInput(error: unknown): void {
    const { state } = this;
    this.#input.clear();
    this.#decoder = null;
    if (!(error instanceof ProtocolError)) throw error;
    if (this.#exchange !== null) this.#condemn(error);
    // The request of this body has its answer; another one would be taken for that of the next.
    else if (state === "discard") this.#end();
    else this.refuse(error);
  }

  /** Takes what has come of a body already, so that a short one is known to be complete when its answer leaves. */
  #takeReceivedBody(): void {
    try {
      while (this.#decoder !== null && !this.#input.isEmpty) this.#takeBody(this.#decoder);
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
    this.#phase = "linger";
    this.#input.clear();
    this.#decoder = null;
    this.#deadline = this.#owner.ticker.deadline(this.#owner.limits.lingerSeconds);
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
    if (body === null || !body.isWaiting || this.#bodyClock?.isOverdue(now, body.bytes, this.#owner.limits) !== true)
      return;
    this.#input.clear();
    this.#decoder = null;
    this.#condemn(new ProtocolError(408, "ERR_HTTP_BODY_TIMEOUT", "The request body did not arrive in time"));
  }

  /** The body is incomplete, so it is unknown where the next request begins: the current response is the last. */
  #condemn(error: ProtocolError): void {
    if (this.#exchange !== null) this.#exchange.isPersistent = false;
    this.#body?.fail(error);
  }
}
