// HTTP/1.1 as the protocol of an upstream. Source: RFC 9112 sections 6 and 7; RFC 9110 sections 7.8 and 10.1.1.
import { AnswerDecoder } from "../../http/answer-decoder.ts";
import { listOf } from "../../http/grammar.ts";
import type { Output } from "../../http/output.ts";
import type { WSGIEnvironment } from "../../wsgi/types.ts";
import { requestTarget } from "../request-target.ts";
import { keptBody, streamedBody, withKept, type OutgoingBody } from "../upstream/outgoing-body.ts";
import type {
  OutgoingRequest,
  UpstreamAnswerDecoder,
  UpstreamAnswerListener,
  UpstreamProtocol,
} from "../upstream/upstream-protocol.ts";
import { type BodyHead, proxyHead, type ProxyHeadOptions } from "./proxy-head.ts";

const LAST_CHUNK = Buffer.from("0\r\n\r\n", "latin1");

/** How requests are written. */
export interface HttpProtocolOptions extends ProxyHeadOptions {
  /** Whether the whole body is received before the upstream hears of the request. */
  readonly isBuffered: boolean;
  /** The protocols, in lower case, that a client may go over to. */
  readonly upgrades: readonly string[];
}

/** HTTP/1.1. */
export class HttpProtocol implements UpstreamProtocol {
  readonly #options: HttpProtocolOptions;

  constructor(options: HttpProtocolOptions) {
    this.#options = options;
  }

  request(environ: WSGIEnvironment): OutgoingRequest | Promise<OutgoingRequest> {
    const body = this.#options.isBuffered ? keptBody(environ) : streamedBody(environ);
    return withKept(body, (ready) => this.#withBody(environ, ready));
  }

  #withBody(environ: WSGIEnvironment, body: OutgoingBody): OutgoingRequest {
    const isExpecting = environ["HTTP_EXPECT"] !== undefined && body.length !== 0 && !body.isKept;
    const upgrade = this.#upgradeOf(environ);
    const about = { length: body.length, isExpecting, upgrade };
    const head = proxyHead(environ, requestTarget(environ), about, this.#options);
    return new HttpRequest(environ.REQUEST_METHOD, head, body, about);
  }

  /** Only one that is known: through a connection that speaks h2c, say, requests would pass whatever stands in front of this proxy. */
  #upgradeOf(environ: WSGIEnvironment): string | null {
    if (environ["tsgi.upgrade"] === undefined) return null;
    const offered = listOf(environ["HTTP_UPGRADE"] ?? "");
    return this.#options.upgrades.find((protocol) => offered.includes(protocol)) ?? null;
  }
}

class HttpRequest implements OutgoingRequest {
  readonly head: string;
  readonly body: OutgoingBody;
  readonly isExpecting: boolean;
  readonly upgrade: string | null;
  readonly #method: string;

  constructor(method: string, head: string, body: OutgoingBody, { isExpecting, upgrade }: BodyHead) {
    this.#method = method;
    this.head = head;
    this.body = body;
    this.isExpecting = isExpecting;
    this.upgrade = upgrade;
  }

  write(output: Output, chunk: Uint8Array): boolean {
    return this.body.length === -1 ? output.writeChunk(chunk) : output.write(chunk);
  }

  finish(output: Output): void {
    if (this.body.length === -1) output.write(LAST_CHUNK);
  }

  decoder(listener: UpstreamAnswerListener): UpstreamAnswerDecoder {
    return new AnswerDecoder(this.#method, listener, this);
  }
}
