// A `(req, res)` application (Express, Koa, Fastify, Nest, Connect, a bare listener) as a WSGI application. It gets real objects of
// node:http, because frameworks replace their prototypes and use fields that a stand-in lacks. Only the methods that would write to a
// socket are overridden on the instance. Sources: node's lib/_http_outgoing.js and lib/_http_server.js; connect's `next`.
import { IncomingMessage, ServerResponse } from "node:http";
import { NO_BYTES } from "../../wsgi/bytes.ts";
import { isHopByHop } from "../../wsgi/hop-by-hop.ts";
import { nextChunk } from "../../wsgi/input-stream.ts";
import { isPromise } from "../../wsgi/is-promise.ts";
import type { HeaderList, StartResponse, Write, WSGIApplication, WSGIBody, WSGIEnvironment } from "../../wsgi/types.ts";
import { BodyQueue, brokenOff } from "../body-queue.ts";
import { hasBody, requestHeaders } from "../request-headers.ts";
import { requestTarget } from "../request-target.ts";
import { GuestSocket } from "./guest-socket.ts";
import { MessageMaker } from "./message-maker.ts";

/** A listener of node:http, or a middleware of Connect. */
export type NodeListener = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => unknown;

/** Bytes per read of the request body. */
const READ_BYTES = 65_536;
/** Methods whose requests have a body only where somebody has said so. */
const NO_BODY = /^(?:GET|HEAD)$/;

/**
 * Makes an application of a listener.
 *
 * @param listener - called with a request and a response of node:http. `next()` without an answer gives 404, `next(error)` fails
 * @example
 * export const application = nodeApplication(express().get("/", (req, res) => res.send("hello")));
 */
export function nodeApplication(listener: NodeListener): WSGIApplication {
  const messages = new MessageMaker(listener);
  return function callListener(environ, startResponse) {
    return new NodeCall(environ, startResponse, messages).call(listener);
  };
}

/** Members of node:http that are missing from its types. */
interface Internals {
  _addHeaderLines(lines: string[], count: number): void;
  _readableState: { readingMore: boolean };
  _consumed: boolean;
  _header: string | null;
  _headerSent: boolean;
  _contentLength: number | null;
  _storeHeader(firstLine: string, headers: unknown): void;
  getRawHeaderNames(): string[];
  _writeRaw(data: string | Uint8Array, encoding?: unknown, callback?: unknown): boolean;
}

/** One request and its response. */
class NodeCall {
  readonly #environ: WSGIEnvironment;
  readonly #startResponse: StartResponse;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #socket: GuestSocket;
  readonly #queue: BodyQueue;
  /** What sends the head ahead of the body; null before the head is known. */
  #sendHead: Write | null = null;
  #isGiven = false;
  #failure: { readonly error: unknown } | null = null;
  #settle: { resolve: (body: WSGIBody) => void; reject: (error: unknown) => void } | null = null;

  constructor(environ: WSGIEnvironment, startResponse: StartResponse, messages: MessageMaker) {
    this.#environ = environ;
    this.#startResponse = startResponse;
    this.#socket = new GuestSocket(environ);
    this.#request = fillRequest(messages.request(this.#socket), environ);
    this.#response = this.#equip(messages.response(this.#request));
    this.#queue = new BodyQueue({ resume: () => this.#drained(), abandon: () => this.#closed() });
  }

  call(listener: NodeListener): WSGIBody | Promise<WSGIBody> {
    // An application has its own 404 response; only a middleware relies on a `next`.
    const next = "handle" in listener ? undefined : (error?: unknown) => this.#next(error);
    const returned = listener(this.#request, this.#response, next as Parameters<NodeListener>[2]);
    if (this.#failure !== null) throw this.#failure.error;
    if (isPromise(returned)) returned.then(undefined, (error: unknown) => this.#fail(error));
    if (this.#isAnnounced) {
      this.#isGiven = true;
      return this.#queue.body;
    }
    this.#environ["tsgi.signal"]?.addEventListener("abort", () => this.#closed());
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  get #isAnnounced(): boolean {
    return this.#sendHead !== null;
  }

  #equip(response: ServerResponse): ServerResponse {
    const internals = response as unknown as Internals;
    response.sendDate = false;
    response.shouldKeepAlive = false;
    response.useChunkedEncodingByDefault = false;
    Object.assign(response, { socket: this.#socket });
    internals._storeHeader = (firstLine, headers) => this.#announce(firstLine, headers);
    internals._writeRaw = (data, encoding, callback) => this.#write(data, encoding, callback);
    response.end = ((...args: Parameters<ServerResponse["end"]>) => this.#end(args)) as ServerResponse["end"];
    response.flushHeaders = () => this.#flush();
    response.writeContinue = () => {};
    response.writeProcessing = () => {};
    response.writeEarlyHints = (hints, callback) => {
      this.#environ["wsgi.early_hints"]?.(pairsOf(hints));
      callback?.();
    };
    response.once("finish", () => {
      response.destroyed = true;
      response.emit("close");
    });
    // An error that destroys the socket is passed on to the reader of the response.
    this.#socket.on("error", () => {});
    this.#socket.once("close", () => {
      if (!response.writableEnded) this.#fail(brokenOff(this.#socket.errored));
    });
    return response;
  }

  #announce(firstLine: string, headers: unknown): void {
    const response = this.#response;
    const internals = response as unknown as Internals;
    const names = internals.getRawHeaderNames();
    const fields: HeaderList =
      names.length === 0 ? pairsOf(headers) : names.flatMap((name) => pairsOf([name, response.getHeader(name)]));
    const sent = fields.filter(([name]) => !isHopByHop(name) && name.toLowerCase() !== "trailer");
    const length = internals._contentLength;
    if (
      this.#request.method === "HEAD" &&
      typeof length === "number" &&
      length > 0 &&
      !response.hasHeader("content-length")
    )
      sent.push(["Content-Length", String(length)]);
    internals._header = firstLine;
    internals._headerSent = true;
    this.#sendHead = this.#startResponse(firstLine.slice("HTTP/1.1 ".length).trimEnd(), sent);
  }

  /** The client is told at once, although there is no body yet: an EventSource waits for it. */
  #flush(): void {
    const response = this.#response;
    if (response.writableEnded || response.destroyed) return;
    ServerResponse.prototype.flushHeaders.call(response);
    // Once the body is being read, whatever is written leaves by it.
    if (!this.#isGiven) void this.#sendHead?.(NO_BYTES);
    this.#give();
  }

  #write(data: string | Uint8Array, encoding: unknown, callback: unknown): boolean {
    const done = typeof encoding === "function" ? encoding : callback;
    const bytes =
      typeof data === "string"
        ? Buffer.from(data, typeof encoding === "string" ? (encoding as BufferEncoding) : "utf8")
        : data;
    const hasRoom = this.#queue.push(bytes);
    if (typeof done === "function") process.nextTick(done);
    // Chunks written before `end()` are streamed; a chunk passed to `end()` is available when the body is read.
    if (bytes.length > 0) queueMicrotask(() => this.#give());
    return hasRoom;
  }

  #end(args: Parameters<ServerResponse["end"]>): ServerResponse {
    const response = this.#response;
    const result = ServerResponse.prototype.end.apply(response, args);
    this.#queue.end();
    this.#give();
    return result;
  }

  #give(): void {
    if (!this.#isAnnounced || this.#settle === null) return;
    this.#isGiven = true;
    this.#settle.resolve(this.#queue.body);
    this.#settle = null;
  }

  #fail(error: unknown): void {
    if (this.#isAnnounced) {
      this.#queue.fail(error instanceof Error ? error : brokenOff(error));
      this.#give();
      this.#closed();
    } else if (this.#settle === null) {
      this.#failure ??= { error };
    } else {
      this.#settle.reject(error);
      this.#settle = null;
    }
  }

  #next(error: unknown): void {
    const response = this.#response;
    if (error !== undefined && error !== null) this.#fail(error);
    else if (!response.headersSent) {
      response.statusCode = 404;
      response.setHeader("Content-Type", "text/plain; charset=utf-8");
      response.end("404 Not Found\n");
    }
  }

  #drained(): void {
    if (this.#response.destroyed) return;
    if (NEED_DRAIN !== undefined) Reflect.set(this.#response, NEED_DRAIN, false);
    this.#response.emit("drain");
  }

  /** Nobody reads the response any more, complete or not. */
  #closed(): void {
    const response = this.#response;
    if (response.writableEnded || response.destroyed) return;
    this.#request.destroy();
    this.#socket.destroy();
    response.destroyed = true;
    response.emit("close");
  }
}

const NEED_DRAIN = Object.getOwnPropertySymbols(new ServerResponse(new IncomingMessage(null as never))).find(
  ({ description }) => description === "kNeedDrain",
);

function fillRequest(request: IncomingMessage, environ: WSGIEnvironment): IncomingMessage {
  const { mount, path, query } = requestTarget(environ);
  const fields = requestHeaders(environ);
  const isFramed = Boolean(environ.CONTENT_LENGTH) || environ["HTTP_TRANSFER_ENCODING"] !== undefined;
  const isBodyThere = hasBody(environ) && (isFramed || !NO_BODY.test(environ.REQUEST_METHOD));
  // Parsers of Express and the like look for a field of the framing, whatever the body is.
  if (isBodyThere && !isFramed) fields.push("transfer-encoding", "chunked");
  const version = environ.SERVER_PROTOCOL.slice("HTTP/".length);
  request.method = environ.REQUEST_METHOD;
  request.url = (path || (environ.REQUEST_METHOD === "OPTIONS" && environ.REQUEST_URI === "*" ? "*" : "/")) + query;
  request.httpVersion = version;
  request.httpVersionMajor = Number(version[0]);
  request.httpVersionMinor = Number(version[2] ?? 0);
  const internals = request as unknown as Internals;
  internals._addHeaderLines(fields, fields.length);
  // As in Express and Connect below a mount.
  if (mount !== "") Object.assign(request, { originalUrl: mount + path + query, baseUrl: mount });
  if (isBodyThere) {
    request._read = () => {
      // This is how a request waits for its socket.
      internals._readableState.readingMore = false;
      internals._consumed = true;
      pump(request, environ);
    };
  } else {
    request.complete = true;
    request.push(null);
  }
  return request;
}

function pump(request: IncomingMessage, environ: WSGIEnvironment): void {
  nextChunk(environ["wsgi.input"], READ_BYTES).then(
    (chunk) => {
      if (chunk.length === 0) request.complete = true;
      request.push(chunk.length === 0 ? null : chunk);
    },
    (error: unknown) => request.destroy(error instanceof Error ? error : new Error("The request body cannot be read")),
  );
}

/** Reads headers in every form that `writeHead` accepts. */
function pairsOf(headers: unknown): HeaderList {
  const pairs: HeaderList = [];
  const add = (name: unknown, value: unknown): void => {
    for (const each of Array.isArray(value) ? (value as unknown[]) : [value]) pairs.push([String(name), String(each)]);
  };
  if (Array.isArray(headers)) {
    if (Array.isArray(headers[0])) for (const [name, value] of headers as [unknown, unknown][]) add(name, value);
    else for (let index = 0; index < headers.length; index += 2) add(headers[index], headers[index + 1]);
  } else if (typeof headers === "object" && headers !== null) {
    for (const [name, value] of Object.entries(headers)) add(name, value);
  }
  return pairs;
}
