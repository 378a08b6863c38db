// What is said on a connection that carries one request: SCGI and uwsgi. The head says how long the body is; the end of the connection is the
// end of the answer.
import { bodyTooLarge, ClientDisconnected, ProtocolError } from "../../http/errors.ts";
import { GatewayProtocolError } from "../../protocols/errors.ts";
import type { RequestHead, RequestHeadDecoder } from "../../protocols/request-head.ts";
import type { Variable } from "../../protocols/variables.ts";
import type { Answer } from "../answer.ts";
import type { AnswerCarrier } from "./front-wire.ts";
import type { FrontGateway } from "./front-gateway.ts";
import { frontGone } from "./front-gone.ts";
import type { Conversation, FrontSocket } from "./front-socket.ts";
import { IncomingBody } from "./incoming-body.ts";

/** A conversation. */
export class SingleConversation implements Conversation, AnswerCarrier {
  readonly #socket: FrontSocket;
  readonly #gateway: FrontGateway;
  /** Null when the head is there. */
  #decoder: RequestHeadDecoder | null;
  #headBy: number;
  #answer: Answer | null = null;
  #body: IncomingBody | null = null;
  /** Bytes of the body that are still to come; below 0 when nobody knows, or more have come than were announced. */
  #unreadBytes = -1;

  /** @param decoder - of the head */
  constructor(socket: FrontSocket, gateway: FrontGateway, decoder: RequestHeadDecoder) {
    this.#socket = socket;
    this.#gateway = gateway;
    this.#decoder = decoder;
    const { ticker, limits } = socket.share;
    this.#headBy = ticker.deadline(limits.headTimeoutSeconds);
  }

  /** A front connects when it has a request. */
  get isIdle(): boolean {
    return false;
  }

  get isFull(): boolean {
    return this.#body?.isFull === true;
  }

  received(chunk: Buffer): void {
    if (this.#decoder === null) {
      this.#takeBody(chunk);
      return;
    }
    let head: RequestHead | null = null;
    try {
      head = this.#decoder.push(chunk);
      if (head !== null) this.#begin(head);
    } catch (error) {
      if (!(error instanceof GatewayProtocolError || error instanceof ProtocolError)) throw error;
      this.#refuse(error, head?.variables ?? []);
    }
  }

  ended(): void {
    if (this.#answer === null) {
      this.#socket.end();
      return;
    }
    // Some fronts end their side behind the request, and wait for the answer.
    const reason = new ClientDisconnected("The web server in front closed its side before the response was complete");
    if (this.#body !== null && !this.#body.isEnded) this.#body.end();
    this.#answer.left(reason);
  }

  gone(error: Error | null): void {
    if (this.#answer?.isOver === false) this.#answer.abort(frontGone(error));
  }

  /** Its request is answered; one that has not come should be on its way. */
  close(): void {
    const { ticker, limits } = this.#socket.share;
    this.#headBy = Math.min(this.#headBy, ticker.deadline(limits.lingerSeconds));
  }

  refuse(error: ProtocolError): void {
    this.#refuse(error, []);
  }

  tick(now: number): void {
    this.#body?.tick(now);
    if (this.#decoder === null || now < this.#headBy) return;
    this.#refuse(
      new ProtocolError(408, "ERR_HTTP_HEAD_TIMEOUT", "The variables of the request did not arrive in time"),
      [],
    );
  }

  sendHead(head: string, body: Uint8Array, isWhole: boolean): boolean {
    const hasRoom = this.#socket.writeWithHead(head, body);
    if (isWhole) this.endAnswer();
    return hasRoom;
  }

  sendMore(chunk: Uint8Array): boolean {
    return chunk.length === 0 || this.#socket.write(chunk);
  }

  endAnswer(): void {
    this.#socket.end(this.#unreadBytes === 0);
  }

  breakOff(): void {
    this.#socket.breakOff();
  }

  drained(): Promise<void> {
    return this.#socket.drained();
  }

  headSent(bytes: number): void {
    this.#gateway.headSent(bytes);
  }

  #begin({ variables, rest }: RequestHead): void {
    this.#decoder = null;
    const request = this.#gateway.read(variables);
    const { contentLength } = request;
    if (contentLength === -1 && request.isChunked) {
      throw new GatewayProtocolError(
        411,
        "ERR_TSGI_LENGTH_REQUIRED",
        `The web server in front does not know how long the body is, and ${this.#gateway.protocol.name} cannot do without; let it buffer requests`,
      );
    }
    if (request.isCut) {
      throw new GatewayProtocolError(
        411,
        "ERR_TSGI_LENGTH_REQUIRED",
        `The web server in front announces ${contentLength} bytes of a body that has more, as nginx before 2026 does with scgi_request_buffering off; let it buffer requests`,
      );
    }
    const { maxBodyBytes } = this.#socket.share.limits;
    if (maxBodyBytes > 0 && contentLength > maxBodyBytes) throw bodyTooLarge(maxBodyBytes);
    this.#unreadBytes = Math.max(contentLength, 0);
    this.#body = contentLength > 0 ? new IncomingBody(this.#socket, contentLength) : null;
    this.#takeBody(rest);
    this.#answer = this.#gateway.answer(request, this, this.#body);
    this.#gateway.call(this.#answer);
  }

  /** What comes behind the body belongs to nobody. */
  #takeBody(data: Buffer): void {
    const body = this.#body;
    this.#unreadBytes -= data.length;
    if (body === null || body.isEnded || data.length === 0) return;
    body.push(data);
    if (body.bytesLeft === 0) body.end();
  }

  #refuse(error: GatewayProtocolError | ProtocolError, variables: readonly Variable[]): void {
    this.#decoder = null;
    this.#gateway.refuse(error, variables, this);
  }
}
