// One request and its answer: the surface that a gateway works with. Owns the framing of the answer.
// Source: RFC 9112 sections 6 and 9, RFC 9110 sections 6.4, 8.6, 9.3.2, 15.
//
// The answer lives through: announced (head checked, nothing sent) → sent (head is out) → over. Of 101 Switching Protocols, the head is sent
// when it is announced, and both bodies are the bytes of the other protocol.
import { ClientDisconnected, ResponseViolation, wrongLength } from "./errors.ts";
import { errorPage, refusalStatus } from "./error-page.ts";
import type { HeadParser, Variables } from "./head-parser.ts";
import { dateLine } from "./date-line.ts";
import { RequestBody, type RequestBodyOwner } from "./request-body.ts";
import { earlyHintsText, ResponseHead, type Fields } from "./response-head.ts";
import type { Target } from "./target.ts";
import { offeredProtocols } from "./upgrade.ts";

/** What an exchange needs of its connection. */
export interface ExchangeOwner extends RequestBodyOwner {
  /** Writes bytes to the socket. Returns false if the caller should wait for the client. */
  write(data: Uint8Array): boolean;
  /** Writes headers and body to the socket at once. */
  writeWithHead(head: string, body: Uint8Array): boolean;
  /** Writes a chunk with its framing to the socket, after `head` if it is the first. */
  writeChunk(data: Uint8Array, head?: string): boolean;
  drained(): Promise<void>;
  /** From here on, everything that the client sends goes into `body`. */
  switched(body: RequestBody): void;
  /** Whether the connection itself can stay open after this exchange. */
  mayPersist(exchange: Exchange): boolean;
  /** The response is complete; `isPersistent` is what the client was told. */
  completed(exchange: Exchange): void;
  /** The response cannot be completed: cut the connection so that the client notices. */
  broken(exchange: Exchange): void;
}

/** What hears how an exchange ends. */
export interface ExchangeListener {
  /** The client has left before the answer was complete; what the application still gives is ignored. `over` follows. */
  aborted(reason: Error): void;
  /** The exchange is over, complete or not. Told once. */
  over(exchange: Exchange): void;
}

/** A way to another protocol. */
interface Upgrade {
  readonly protocol: string;
  readonly body: RequestBody;
}

const EMPTY = new Uint8Array(0);
const LAST_CHUNK = Buffer.from("0\r\n\r\n", "latin1");

/** One request and its response. */
export class Exchange {
  readonly method: string;
  readonly target: Target;
  /** Minor version of the request: 0 or 1. */
  readonly minor: number;
  /** The CGI variables of the request headers, in the object that the gateway provided. */
  readonly variables: Variables;
  /** The header SCRIPT_NAME, for use if the peer is trusted; null if there is none. */
  readonly scriptName: string | null;
  /** The request body; null if there is none. After 101, what the client sends. */
  body: RequestBody | null;
  /** Hears how the exchange ends. The gateway sets it while it handles the exchange. */
  listener: ExchangeListener | null = null;
  /** Bytes of the response body that were written to the socket. */
  bodyBytes = 0;
  /** True if the response is not complete and never will be. */
  isAborted = false;
  /** Whether the connection stays open after this response; decided when the headers are sent. */
  isPersistent: boolean;

  readonly #owner: ExchangeOwner;
  #head: ResponseHead | null = null;
  #isSent = false;
  #isOver = false;
  #isChunked = false;
  /** Where to, and what the client will say there; null unless the application wants to go over to another protocol. */
  #upgrade: Upgrade | null = null;
  #controller: AbortController | null = null;
  #hasLeft: Error | null = null;

  constructor(owner: ExchangeOwner, parser: HeadParser, target: Target, body: RequestBody | null) {
    this.#owner = owner;
    this.method = parser.method;
    this.target = target;
    this.minor = parser.minor;
    this.variables = parser.variables;
    this.scriptName = parser.scriptName;
    this.isPersistent = parser.isKeepAlive;
    this.body = body;
  }

  /** The status that was sent or announced; 0 before that. */
  get statusCode(): number {
    return this.#head?.statusCode ?? 0;
  }

  /** The response headers that were sent or announced. */
  get fields(): Fields {
    return this.#head?.fields ?? [];
  }

  /**
   * Fires if the client disconnects before the response is complete. A client that closes only its sending side looks the same, so it also
   * fires the signal, but still gets its response if the application continues.
   */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#hasLeft !== null) this.#controller.abort(this.#hasLeft);
    }
    return this.#controller.signal;
  }

  /** True once the response headers were written to the socket. */
  get isSent(): boolean {
    return this.#isSent;
  }

  /** True once the response is complete or was cut off. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether the client offers another protocol, has sent nothing that belongs to this one, and wants a body. */
  get isUpgradable(): boolean {
    if (this.body !== null || this.#isOver || this.method === "HEAD") return false;
    return offeredProtocols(this.variables, this.minor).length > 0;
  }

  /**
   * Prepares for another protocol, which `announce` with 101 goes over to. With another status the connection stays as it is.
   *
   * @param protocol - one that the client offers
   * @returns what the client will send in that protocol
   * @throws ClientDisconnected when the client has left
   * @throws ResponseViolation when it does not offer the protocol, or the response has begun
   */
  upgrade(protocol: string): RequestBody {
    if (this.isAborted && this.#hasLeft !== null)
      throw new ClientDisconnected("The client left before the connection went over to another protocol");
    if (!this.isUpgradable || this.#isSent)
      throw new ResponseViolation("ERR_HTTP_UPGRADE", "The connection can no longer go over to another protocol");
    const offered = offeredProtocols(this.variables, this.minor);
    if (!offered.includes(protocol.toLowerCase())) {
      const names = offered.join(", ");
      throw new ResponseViolation(
        "ERR_HTTP_UPGRADE",
        `The client does not offer "${protocol}"; expected one of: ${names}`,
      );
    }
    const body = new RequestBody(this.#owner);
    this.#upgrade = { protocol, body };
    return body;
  }

  /**
   * Receives status and headers. Until something is sent, a later call replaces them.
   *
   * @throws ResponseViolation when they may not be sent
   */
  announce(status: string, fields: Fields): void {
    if (this.#isOver) return;
    if (this.#isSent)
      throw new ResponseViolation(
        "ERR_HTTP_HEAD_SENT",
        "The application announced another status after the response headers were sent",
      );
    const head = new ResponseHead(status, fields, this.#upgrade !== null);
    this.#head = head;
    if (head.statusCode === 101) this.#switch(head);
  }

  /**
   * Sends the whole response, whose length is known: headers and body are sent in one write.
   *
   * @throws ResponseViolation when the announced Content-Length differs from the length of `body`; nothing is sent then
   */
  sendWhole(body: Uint8Array): void {
    if (this.#isOver) return;
    const head = this.#announced();
    const length = body.length;
    if (this.#isSent) {
      // The application has gone over to another protocol, and has no more than this to say.
      if (length > 0) this.#owner.write(body);
      this.bodyBytes = length;
    } else if (this.#hasNoBody(head)) {
      // The length of a HEAD answer is that of the GET answer; an application that sends none may not have made the body.
      const isKnown =
        head.contentLength === -1 &&
        this.method === "HEAD" &&
        length > 0 &&
        head.statusCode !== 204 &&
        head.statusCode !== 304;
      this.#isSent = true;
      this.#owner.writeWithHead(this.#headText(head, isKnown ? `Content-Length: ${length}\r\n` : ""), EMPTY);
    } else {
      if (head.contentLength === -1) {
        this.#isSent = true;
        this.#owner.writeWithHead(this.#headText(head, `Content-Length: ${length}\r\n`), body);
      } else {
        if (head.contentLength !== length) throw wrongLength(head.contentLength, length);
        this.#isSent = true;
        this.#owner.writeWithHead(this.#headText(head, ""), body);
      }
      this.bodyBytes = length;
    }
    this.#complete();
  }

  /**
   * Sends a chunk of a longer body; the headers are sent with the first one, which may be empty.
   *
   * @returns false when the client should be waited for with `drained`
   * @throws ResponseViolation when the body grows longer than the announced Content-Length (the surplus is cut)
   */
  send(chunk: Uint8Array): boolean {
    if (this.#isOver) return true;
    const head = this.#announced();
    const hasNoBody = this.#hasNoBody(head);
    if (hasNoBody) {
      // The body may be long, or without an end; its first chunk says that there is no error, and nobody wants the others.
      this.#isSent = true;
      this.#owner.writeWithHead(this.#headText(head, ""), EMPTY);
      this.#complete();
      return true;
    }
    const limit = head.contentLength === -1 ? Number.POSITIVE_INFINITY : head.contentLength;
    const surplus = this.bodyBytes + chunk.length - limit;
    const data = surplus > 0 ? chunk.subarray(0, chunk.length - surplus) : chunk;
    if (surplus > 0) {
      if (!this.#isSent) throw wrongLength(limit, chunk.length);
      this.isPersistent = false;
    }
    const hasRoom = this.#isSent ? this.#writeMore(data) : this.#writeFirst(head, data);
    this.bodyBytes += data.length;
    if (surplus > 0) {
      this.#complete();
      throw wrongLength(limit, limit + surplus);
    }
    return hasRoom;
  }

  /** Resolves when there is room for more, or the client has disconnected. */
  drained(): Promise<void> {
    return this.#owner.drained();
  }

  /**
   * Completes a response that was begun with `send`.
   *
   * @throws ResponseViolation when fewer bytes than the announced Content-Length were sent; the connection is broken off then
   */
  finish(): void {
    if (this.#isOver) return;
    const head = this.#announced();
    if (!this.#isSent) {
      this.sendWhole(EMPTY);
      return;
    }
    if (!this.#hasNoBody(head) && head.contentLength > this.bodyBytes)
      throw wrongLength(head.contentLength, this.bodyBytes);
    if (this.#isChunked) this.#owner.write(LAST_CHUNK);
    this.#complete();
  }

  /**
   * Gives up. If nothing was sent yet, the client gets a plain error page; otherwise the connection is cut.
   *
   * @param error - its `status` is answered when it is the peer's fault or a `ServiceError`, otherwise 500
   */
  fail(error: unknown): void {
    if (this.#isOver) return;
    if (this.#isSent) {
      this.#isOver = true;
      this.isAborted = true;
      this.#owner.broken(this);
      this.listener?.over(this);
      return;
    }
    const status = refusalStatus(error);
    // After a refusal it is not known where the next request would begin; 5xx leaves that intact.
    if (status < 500) this.isPersistent = false;
    const page = errorPage(status);
    this.#head = new ResponseHead(page.status, page.fields);
    this.sendWhole(page.body);
  }

  /** Sends 103 Early Hints (RFC 8297) if the client understands them and the headers were not sent yet. */
  earlyHints(fields: Fields): void {
    const text = earlyHintsText(fields);
    if (this.minor === 1 && !this.#isSent && !this.#isOver) this.#owner.write(Buffer.from(text, "latin1"));
  }

  /** The client has closed its sending side of the connection. */
  left(reason: Error): void {
    if (this.#isOver || this.#hasLeft !== null) return;
    this.#hasLeft = reason;
    this.#controller?.abort(reason);
  }

  /** The connection is lost: everything that the application still sends is ignored. */
  abort(reason: Error): void {
    if (this.#isOver) return;
    this.left(reason);
    this.#isOver = true;
    this.isAborted = true;
    (this.body ?? this.#upgrade?.body)?.fail(
      reason instanceof ClientDisconnected
        ? reason
        : new ClientDisconnected("The client disconnected", { cause: reason }),
    );
    this.listener?.aborted(reason);
    this.listener?.over(this);
  }

  #announced(): ResponseHead {
    if (this.#head === null)
      throw new ResponseViolation("ERR_HTTP_NO_HEAD", "The application sent a body before it announced a status");
    return this.#head;
  }

  #hasNoBody(head: ResponseHead): boolean {
    return this.method === "HEAD" || head.statusCode === 204 || head.statusCode === 304;
  }

  #writeFirst(head: ResponseHead, data: Uint8Array): boolean {
    this.#isSent = true;
    if (head.contentLength !== -1) return this.#owner.writeWithHead(this.#headText(head, ""), data);
    if (this.minor === 0) {
      // HTTP/1.0 knows no chunks: the end of the connection is the end of the body.
      this.isPersistent = false;
      return this.#owner.writeWithHead(this.#headText(head, ""), data);
    }
    this.#isChunked = true;
    const text = this.#headText(head, "Transfer-Encoding: chunked\r\n");
    // An empty chunk would end the body.
    return data.length === 0 ? this.#owner.writeWithHead(text, EMPTY) : this.#owner.writeChunk(data, text);
  }

  #writeMore(data: Uint8Array): boolean {
    return this.#isChunked ? this.#owner.writeChunk(data) : this.#owner.write(data);
  }

  #switch(head: ResponseHead): void {
    const { protocol, body } = this.#upgrade as Upgrade; // without it, the head is refused
    this.#isSent = true;
    this.isPersistent = false;
    this.body = body;
    this.#owner.writeWithHead(`${head.text}Connection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`, EMPTY);
    this.#owner.switched(body);
  }

  #headText(head: ResponseHead, framing: string): string {
    if (this.isPersistent && !this.#owner.mayPersist(this)) this.isPersistent = false;
    const connection = this.isPersistent
      ? this.minor === 0
        ? "Connection: keep-alive\r\n"
        : ""
      : "Connection: close\r\n";
    return `${head.text}${head.hasDate ? "" : dateLine()}${framing}${connection}\r\n`;
  }

  #complete(): void {
    this.#isOver = true;
    if (this.body === null) this.#upgrade?.body.discard();
    try {
      this.listener?.over(this);
    } finally {
      // Last, because the next request may begin in it.
      this.#owner.completed(this);
    }
  }
}
