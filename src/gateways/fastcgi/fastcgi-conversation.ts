// What is said on one connection of FastCGI, from the side of the application. Source: FastCGI 1.0; what nginx, Apache and lighttpd do.
//
// All state hangs on the id of a request, so several may share a connection although no known front sends them so. The application is called
// when all variables are there, while the body comes. A front whose client has left closes the connection; ABORT_REQUEST is the same.
import { bodyTooLarge, ClientDisconnected, ProtocolError } from "../../http/errors.ts";
import { GatewayProtocolError } from "../../protocols/errors.ts";
import { decodePairs, encodePairs } from "../../protocols/fastcgi/pairs.ts";
import {
  encodeRecord,
  endRecord,
  KEEP_CONNECTION,
  ProtocolStatus,
  RecordType,
  Role,
} from "../../protocols/fastcgi/record.ts";
import { type FastCGIRecord, RecordDecoder } from "../../protocols/fastcgi/record-decoder.ts";
import type { Variable } from "../../protocols/variables.ts";
import type { FrontGateway } from "../front/front-gateway.ts";
import type { Conversation, FrontSocket } from "../front/front-socket.ts";
import { frontGone } from "../front/front-gone.ts";
import { IncomingBody } from "../front/incoming-body.ts";
import { FastCGIRequest, type FastCGIRequestOwner } from "./fastcgi-request.ts";

/** Requests at once on one connection; more are told that the application is overloaded. */
const MAX_REQUESTS = 32;
/** Longer than nginx keeps an idle connection (keepalive_timeout of an upstream: 60 s), so that nginx is the one that closes it. */
const IDLE_SECONDS = 75;

/** A conversation. */
export class FastCGIConversation implements Conversation, FastCGIRequestOwner {
  readonly #socket: FrontSocket;
  readonly #gateway: FrontGateway;
  readonly #decoder = new RecordDecoder((record) => this.#take(record));
  readonly #requests = new Map<number, FastCGIRequest>();
  /** Those whose variables are there, and whose body may turn out to be empty in this turn. */
  #ready: FastCGIRequest[] = [];
  /** The front does not keep the connection. */
  #isLast = false;
  /** When the connection has to be in use again, in seconds. */
  #idleUntil: number;

  constructor(socket: FrontSocket, gateway: FrontGateway) {
    this.#socket = socket;
    this.#gateway = gateway;
    const { ticker, limits } = socket.share;
    this.#idleUntil = ticker.deadline(limits.headTimeoutSeconds);
  }

  get isIdle(): boolean {
    return this.#requests.size === 0 && this.#decoder.isBetweenRecords;
  }

  /** One request whose body is not read holds up the others; there are no others in practice, and memory must have a bound. */
  get isFull(): boolean {
    for (const { body } of this.#requests.values()) if (body?.isFull === true) return true;
    return false;
  }

  received(chunk: Buffer): void {
    try {
      this.#decoder.push(chunk);
    } catch (error) {
      if (!(error instanceof GatewayProtocolError)) throw error;
      // Where the next record begins is not known, so nothing that is said here can be trusted.
      this.#gateway.refuse(error, [], null);
      this.#abortAll(error);
      this.#socket.end();
      return;
    }
    const ready = this.#ready;
    if (ready.length === 0) return;
    this.#ready = [];
    for (const request of ready) this.#start(request);
  }

  ended(): void {
    this.#abortAll(
      new ClientDisconnected("The web server in front closed the connection, as it does when its client leaves"),
    );
    this.#socket.end();
  }

  gone(error: Error | null): void {
    if (this.#requests.size > 0) this.#abortAll(frontGone(error));
  }

  close(): void {
    if (this.isIdle) this.#socket.end();
    else if (this.#requests.size === 0) this.#idleUntil = this.#soon;
  }

  /** There is no request yet that could be told why. */
  refuse(error: ProtocolError): void {
    this.#gateway.refuse(error, [], null);
    this.#socket.end();
  }

  tick(now: number): void {
    if (this.#requests.size === 0 && now >= this.#idleUntil) {
      this.#socket.end();
      return;
    }
    for (const request of this.#requests.values()) {
      request.body?.tick(now);
      if (request.params === null || now < request.paramsBy) continue;
      this.#gateway.refuse(
        new ProtocolError(408, "ERR_HTTP_HEAD_TIMEOUT", "The variables of the request did not arrive in time"),
        [],
        request,
      );
    }
  }

  completed(request: FastCGIRequest): void {
    this.#requests.delete(request.id);
    if (this.#requests.size > 0) return;
    const { ticker, isClosing } = this.#socket.share;
    if (this.#isLast) this.#socket.end(request.isAllRead && this.#decoder.isBetweenRecords);
    else if (isClosing) this.#socket.end();
    else this.#idleUntil = ticker.deadline(IDLE_SECONDS);
  }

  headSent(bytes: number): void {
    this.#gateway.headSent(bytes);
  }

  get #soon(): number {
    const { ticker, limits } = this.#socket.share;
    return ticker.deadline(limits.lingerSeconds);
  }

  #take({ type, id, content }: FastCGIRecord): void {
    if (!this.#socket.isOpen) return;
    if (id === 0) this.#manage(type, content);
    else if (type === RecordType.beginRequest) this.#begin(id, content);
    else {
      // Of a request that is over, or was refused: the rest of it may still be on its way.
      const request = this.#requests.get(id);
      if (request !== undefined) this.#continue(request, type, content);
    }
  }

  /** Records about the connection itself. */
  #manage(type: number, content: Buffer): void {
    if (type === RecordType.getValues) {
      const known = new Map([
        ["FCGI_MAX_CONNS", String(this.#socket.share.limits.maxConnections)],
        ["FCGI_MAX_REQS", String(MAX_REQUESTS)],
        ["FCGI_MPXS_CONNS", "1"],
      ]);
      const values = decodePairs(content).flatMap(([name]): Variable[] => {
        const value = known.get(name);
        known.delete(name);
        return value === undefined ? [] : [[name, value]];
      });
      this.#socket.write(encodeRecord(RecordType.getValuesResult, 0, encodePairs(values)));
    } else {
      const unknown = String.fromCharCode(type, 0, 0, 0, 0, 0, 0, 0);
      this.#socket.write(encodeRecord(RecordType.unknown, 0, unknown));
    }
  }

  #begin(id: number, content: Buffer): void {
    if (content.length !== 8) throw notFastCGI(`BEGIN_REQUEST has ${content.length} bytes; expected 8`);
    if (this.#requests.has(id)) throw notFastCGI(`BEGIN_REQUEST for the request ${id}, which has begun already`);
    this.#isLast ||= ((content[2] ?? 0) & KEEP_CONNECTION) === 0;
    const isResponder = content.readUInt16BE(0) === Role.responder;
    if (!isResponder || this.#requests.size === MAX_REQUESTS) {
      const status = isResponder ? ProtocolStatus.overloaded : ProtocolStatus.unknownRole;
      this.#socket.write(Buffer.from(endRecord(id, status), "latin1"));
      if (this.#isLast && this.#requests.size === 0) this.#socket.end();
      return;
    }
    const { ticker, limits, isClosing } = this.#socket.share;
    const seconds = isClosing ? Math.min(limits.headTimeoutSeconds, limits.lingerSeconds) : limits.headTimeoutSeconds;
    this.#requests.set(id, new FastCGIRequest(id, ticker.deadline(seconds), this.#socket, this));
  }

  #continue(request: FastCGIRequest, type: number, content: Buffer): void {
    if (type === RecordType.params) this.#takeParams(request, content);
    else if (type === RecordType.stdin) this.#takeBody(request, content);
    else if (type === RecordType.abortRequest) this.#abort(request);
    // A responder gets no DATA; other types for a request are none of its business.
  }

  #takeParams(request: FastCGIRequest, content: Buffer): void {
    const { params } = request;
    if (params === null) throw notFastCGI("PARAMS come behind their end");
    let pairs: readonly Variable[] = [];
    try {
      if (content.length > 0) {
        params.push(content);
        return;
      }
      request.params = null;
      pairs = params.end();
      request.understood = this.#gateway.read(pairs);
      this.#ready.push(request);
    } catch (error) {
      if (!(error instanceof GatewayProtocolError)) throw error;
      this.#gateway.refuse(error, pairs, request);
    }
  }

  #takeBody(request: FastCGIRequest, content: Buffer): void {
    if (request.params !== null) throw notFastCGI("STDIN comes before the end of PARAMS");
    const isEnd = content.length === 0;
    request.isAllRead ||= isEnd;
    if (request.understood !== null) {
      // Most requests have no body, and its end comes together with the variables.
      if (isEnd && request.understood.contentLength <= 0) {
        this.#call(request, null);
        return;
      }
      this.#start(request);
    }
    const { body } = request;
    if (body === null) return;
    // More than the front has announced cannot be a body: what else on this connection is true?
    if (!isEnd && !body.push(content)) this.#isLast = true;
    // HAProxy has left out the record that ends it: what is as long as announced is complete.
    if (isEnd || body.bytesLeft === 0) body.end();
  }

  /** Calls the application for a request whose body is on its way. */
  #start(request: FastCGIRequest): void {
    const { understood } = request;
    if (understood === null || this.#requests.get(request.id) !== request) return;
    const { maxBodyBytes } = this.#socket.share.limits;
    if (maxBodyBytes > 0 && understood.contentLength > maxBodyBytes) {
      request.understood = null;
      this.#gateway.refuse(bodyTooLarge(maxBodyBytes), textsOf(understood.variables), request);
      return;
    }
    const body = new IncomingBody(this.#socket, understood.contentLength);
    if (body.bytesLeft === 0) body.end();
    this.#call(request, body);
  }

  #call(request: FastCGIRequest, body: IncomingBody | null): void {
    const { understood } = request;
    if (understood === null) return;
    request.understood = null;
    request.body = body;
    request.answer = this.#gateway.answer(understood, request, body);
    this.#gateway.call(request.answer);
  }

  #abort(request: FastCGIRequest): void {
    request.answer?.abort(new ClientDisconnected("The web server in front aborted the request"));
    request.understood = null;
    request.endAnswer();
  }

  #abortAll(reason: Error): void {
    const requests = [...this.#requests.values()];
    this.#requests.clear();
    for (const request of requests) {
      request.understood = null;
      request.answer?.abort(reason);
    }
  }
}

/** The variables of an environ that are texts. */
function textsOf(variables: Readonly<Record<string, unknown>>): Variable[] {
  return Object.entries(variables).filter((pair): pair is [string, string] => typeof pair[1] === "string");
}

function notFastCGI(message: string): GatewayProtocolError {
  return new GatewayProtocolError(400, "ERR_TSGI_FASTCGI", `The peer does not speak FastCGI: ${message}`);
}
