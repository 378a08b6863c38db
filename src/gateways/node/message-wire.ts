// An answer through Node's ServerResponse, which does the framing. Source: the documentation of node:http and node:http2.
import type { ServerResponse } from "node:http";
import type { Fields, ResponseHead } from "../../http/response-head.ts";
import type { Bytes } from "../../wsgi/types.ts";
import type { AnswerWire } from "../answer.ts";
import type { NodeRequest, NodeResponse } from "./node-message.ts";

type Next = (error?: unknown) => void;

/** Bodies up to this size are joined to their head, so that both leave in one write. */
const JOIN_BYTES = 2048;
/** NGHTTP2_INTERNAL_ERROR. */
const HTTP2_INTERNAL_ERROR = 2;

const CONTENT_LENGTH = "content-length";

/** Fields whose values add up, whoever sets them. */
const ADDED = /^(?:set-cookie|vary)$/i;

/** The wire of one answer. */
export class MessageWire implements AnswerWire {
  readonly #request: NodeRequest;
  readonly #response: NodeResponse;
  readonly #next: Next | null;
  readonly #passNotFound: boolean;

  /**
   * @param next - of a middleware; null where there is nobody else
   * @param passNotFound - whether it gets 404 answers
   */
  constructor(request: NodeRequest, response: NodeResponse, next: Next | null, passNotFound: boolean) {
    this.#request = request;
    this.#response = response;
    this.#next = next;
    this.#passNotFound = passNotFound;
  }

  whole(head: ResponseHead, contentLength: number, body: Bytes | null): void {
    const response = this.#head(head, contentLength);
    if (body === null || body.length === 0) response.end();
    else if (body.length > JOIN_BYTES) response.end(body);
    else response.end(latin1(body), "latin1");
  }

  begin(head: ResponseHead, first: Bytes): boolean {
    const response = this.#head(head, head.contentLength);
    if (first.length > 0) return this.chunk(first);
    response.flushHeaders();
    return true;
  }

  chunk(data: Bytes): boolean {
    return responseOf(this.#response).write(data);
  }

  async drained(): Promise<void> {
    const response = responseOf(this.#response);
    if (response.destroyed || !response.writableNeedDrain) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        response.off("drain", done).off("close", done);
        resolve();
      };
      response.on("drain", done).on("close", done);
    });
  }

  finish(): void {
    this.#response.end();
  }

  cut(): void {
    const response = this.#response;
    const { socket } = this.#request;
    if ("createPushResponse" in response) response.stream.close(HTTP2_INTERNAL_ERROR);
    // Without length or chunks the end of the connection is the end of the body: only a reset says that it is not complete.
    else if (this.#request.httpVersion === "1.0" && socket.remoteFamily !== undefined && !("encrypted" in socket))
      socket.resetAndDestroy();
    else socket.destroySoon();
  }

  hints(fields: Fields): void {
    if (this.#request.httpVersion === "1.0") return;
    const hints: Record<string, string | string[]> = {};
    for (const [name, value] of fields) {
      const lower = name.toLowerCase();
      const earlier = hints[lower];
      hints[lower] =
        earlier === undefined ? value : lower === "link" ? [earlier, value].flat() : `${String(earlier)}, ${value}`;
    }
    // Node sends hints with links only.
    if (hints["link"] !== undefined) responseOf(this.#response).writeEarlyHints(hints);
  }

  passOn({ statusCode }: ResponseHead): boolean {
    if (!this.#passNotFound || statusCode !== 404 || this.#next === null) return false;
    this.#next();
    return true;
  }

  passOnError(error: unknown): boolean {
    if (this.#next === null) return false;
    this.#next(error);
    return true;
  }

  #head(head: ResponseHead, contentLength: number): ServerResponse {
    const response = responseOf(this.#response);
    const flat: string[] = [];
    for (const [name, value] of head.fields) {
      if (name.length !== CONTENT_LENGTH.length || name.toLowerCase() !== CONTENT_LENGTH) flat.push(name, value);
    }
    if (contentLength !== -1) flat.push("Content-Length", String(contentLength));
    const isHttp2 = this.#request.httpVersionMajor === 2;
    if (!isHttp2 && response.getHeaderNames().length === 0) {
      response.writeHead(head.statusCode, head.reason, flat);
      return response;
    }
    // What a middleware has set stays, unless the application sets it too; next to it a list would lose what it has twice.
    for (const [name, values] of grouped(flat)) {
      // Cookies of a session, and what CORS depends on, do not go because the application has more of them.
      const earlier = ADDED.test(name) ? response.getHeader(name) : undefined;
      response.setHeader(name, earlier === undefined ? values : [earlier, values].flat().map(String));
    }
    // HTTP/2 has no reasons, and its API warns of each.
    if (isHttp2) response.writeHead(head.statusCode);
    else response.writeHead(head.statusCode, head.reason);
    return response;
  }
}

/** Values by name, in the spelling that came first. */
function grouped(flat: readonly string[]): Iterable<[name: string, values: string | string[]]> {
  const groups = new Map<string, [name: string, values: string | string[]]>();
  for (let index = 0; index < flat.length; index += 2) {
    const name = flat[index] as string; // names and values in turn
    const value = flat[index + 1] as string;
    const group = groups.get(name.toLowerCase());
    if (group === undefined) groups.set(name.toLowerCase(), [name, value]);
    else group[1] = [group[1], value].flat();
  }
  return groups.values();
}

/** The compatibility API of HTTP/2 has the same methods; its types are only written otherwise. */
function responseOf(response: NodeResponse): ServerResponse {
  return response as ServerResponse;
}

function latin1(bytes: Bytes): string {
  return (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).toString(
    "latin1",
  );
}
