// One request and its answer: the surface that a gateway works with. Owns the framing of the answer.
// Source: RFC 9112 sections 6 and 9, RFC 9110 sections 6.4, 8.6, 9.3.2, 15.
//
// The answer lives through: announced (head checked, nothing sent) → sent (head is out) → over.
import { ClientDisconnected, ResponseViolation, ServiceError } from "./errors.ts";
import type { HeadParser, Variables } from "./head-parser.ts";
import { dateLine } from "./date-line.ts";
import type { RequestBody } from "./request-body.ts";
import { earlyHintsText, ResponseHead, type Fields } from "./response-head.ts";
import type { Target } from "./target.ts";

/** What an exchange needs of its connection. */
export interface ExchangeOwner {
  /** Hands bytes to the socket. Returns false when the client should be waited for. */
  write(data: Uint8Array): boolean;
  /** Hands head and body to the socket at once. */
  writeWithHead(head: string, body: Uint8Array): boolean;
  /** Hands a chunk with its frame to the socket, behind `head` if it is the first. */
  writeChunk(data: Uint8Array, head?: string): boolean;
  drained(): Promise<void>;
  /** Whether the connection may go on after this exchange, as far as the connection is concerned. */
  mayPersist(exchange: Exchange): boolean;
  /** The answer is complete; `isPersistent` was promised to the client. */
  completed(exchange: Exchange): void;
  /** The answer cannot be completed: end the connection so that the client notices. */
  broken(exchange: Exchange): void;
}

const EMPTY = new Uint8Array(0);
const LAST_CHUNK = Buffer.from("0\r\n\r\n", "latin1");

/** One request and its answer. */
export class Exchange {
  readonly method: string;
  readonly target: Target;
  /** Minor version of the request: 0 or 1. */
  readonly minor: number;
  /** The CGI variables of the header fields, in the object that the gateway provided. */
  readonly variables: Variables;
  /** The field SCRIPT_NAME, for whoever trusts the peer; null when there is none. */
  readonly scriptName: string | null;
  /** The body of the request; null when the request has none. */
  readonly body: RequestBody | null;
  /** Called once if the client leaves before the answer is complete. */
  onAbort: ((reason: Error) => void) | null = null;
  /** Called once when the exchange is over, complete or not. */
  onOver: ((exchange: Exchange) => void) | null = null;
  /** Bytes of the answer's body handed to the socket. */
  bodyBytes = 0;
  /** True when the answer is not complete and never will be. */
  isAborted = false;
  /** Whether the connection goes on after this answer; settled when the head is sent. */
  isPersistent: boolean;

  readonly #owner: ExchangeOwner;
  #head: ResponseHead | null = null;
  #isSent = false;
  #isOver = false;
  #isChunked = false;
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

  /** The status that was sent or announced; 0 while none is. */
  get statusCode(): number {
    return this.#head?.statusCode ?? 0;
  }

  /** The header fields that were sent or announced. */
  get fields(): Fields {
    return this.#head?.fields ?? [];
  }

  /**
   * Fires when the client leaves before the answer is complete, and only then. A client that ends its own side only cannot be told
   * from one that has left: it fires the signal too, but still gets its answer if the application goes on.
   */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#hasLeft !== null) this.#controller.abort(this.#hasLeft);
    }
    return this.#controller.signal;
  }

  /** True once the head has been handed to the socket. */
  get isSent(): boolean {
    return this.#isSent;
  }

  /** True once the answer is complete or broken off. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * Takes status and header fields; until something is sent, a later call replaces them.
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
    this.#head = new ResponseHead(status, fields);
  }

  /**
   * Sends the whole answer: head and body leave in one write, and its length is known.
   *
   * @throws ResponseViolation when the announced Content-Length differs from the length of `body`; nothing is sent then
   */
  sendWhole(body: Uint8Array): void {
    if (this.#isOver) return;
    const head = this.#announced();
    const length = body.length;
    if (this.#hasNoBody(head)) {
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
   * Sends a chunk of a longer body; the first one takes the head along.
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

  /** Resolves when there is room for more, or the client has left. */
  drained(): Promise<void> {
    return this.#owner.drained();
  }

  /**
   * Completes an answer begun with `send`.
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
   * Gives up. While nothing was sent the client gets a plain error page, afterwards a broken connection.
   *
   * @param error - its `status` is answered when it is the peer's fault or a `ServiceError`, otherwise 500
   */
  fail(error: unknown): void {
    if (this.#isOver) return;
    if (this.#isSent) {
      this.#isOver = true;
      this.isAborted = true;
      this.#owner.broken(this);
      this.onOver?.(this);
      return;
    }
    const status = refusalStatus(error);
    // After a refusal it is not known where the next request would begin; 5xx leaves that intact.
    if (status < 500) this.isPersistent = false;
    const page = errorPage(status);
    this.#head = new ResponseHead(page.status, page.fields);
    this.sendWhole(page.body);
  }

  /** Sends 103 Early Hints (RFC 8297) if the client understands them and the head has not left yet. */
  earlyHints(fields: Fields): void {
    const text = earlyHintsText(fields);
    if (this.minor === 1 && !this.#isSent && !this.#isOver) this.#owner.write(Buffer.from(text, "latin1"));
  }

  /** The client has ended its side of the connection. */
  left(reason: Error): void {
    if (this.#isOver || this.#hasLeft !== null) return;
    this.#hasLeft = reason;
    this.#controller?.abort(reason);
  }

  /** The connection is gone: whatever still comes from the application is ignored. */
  abort(reason: Error): void {
    if (this.#isOver) return;
    this.left(reason);
    this.#isOver = true;
    this.isAborted = true;
    this.body?.fail(
      reason instanceof ClientDisconnected
        ? reason
        : new ClientDisconnected("The client disconnected", { cause: reason }),
    );
    this.onAbort?.(reason);
    this.onOver?.(this);
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
    return this.#owner.writeChunk(data, this.#headText(head, "Transfer-Encoding: chunked\r\n"));
  }

  #writeMore(data: Uint8Array): boolean {
    return this.#isChunked ? this.#owner.writeChunk(data) : this.#owner.write(data);
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
    try {
      this.onOver?.(this);
    } finally {
      // Last, because the next request may begin in it.
      this.#owner.completed(this);
    }
  }
}

/** The plain page of an error: fixed text, nothing of the request in it. */
export function errorPage(status: number): { status: string; fields: Fields; body: Uint8Array } {
  const line = `${status} ${REASONS[status] ?? "Error"}`;
  return {
    status: line,
    fields: status === 503 ? [PAGE_TYPE, ["Retry-After", "1"]] : [PAGE_TYPE],
    body: Buffer.from(`${line}\n`, "latin1"),
  };
}

const PAGE_TYPE = ["Content-Type", "text/plain; charset=utf-8"] as const;

const REASONS: Record<number, string> = {
  400: "Bad Request",
  408: "Request Timeout",
  413: "Content Too Large",
  414: "URI Too Long",
  415: "Unsupported Media Type",
  417: "Expectation Failed",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
};

function refusalStatus(error: unknown): number {
  if (typeof error !== "object" || error === null) return 500;
  const { fault, status } = error as { fault?: unknown; status?: unknown };
  const isOurs = fault === "remote" || error instanceof ServiceError;
  return isOurs && typeof status === "number" && Number.isInteger(status) && status >= 400 && status < 600
    ? status
    : 500;
}

function wrongLength(announced: number, sent: number): ResponseViolation {
  return new ResponseViolation(
    "ERR_HTTP_BODY_LENGTH",
    `The response body does not match Content-Length: ${announced} announced, ${sent} given`,
  );
}
