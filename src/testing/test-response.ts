// The response as a test sees it.

import { type SetCookie, parseSetCookie } from "cookie-es";
import { Headers } from "../wsgi/headers.ts";
import type { Bytes, HeaderList } from "../wsgi/types.ts";
import { type RequestTarget, absoluteForm } from "./request-target.ts";
import type { WireResponse } from "./transport.ts";

/** One response, its body read to the end. */
export class TestResponse {
  /** The three digits. */
  readonly status: number;
  readonly reason: string;
  /** Header fields: look-up ignores case (`get`, `getAll`, `has`), `list` holds them as received. */
  readonly headers: Headers;
  /** The body as it arrived, chunk by chunk; over a socket the chunks are the network's. */
  readonly chunks: readonly Bytes[];
  /** The address that gave this response: after redirects, the last one. */
  readonly url: string;
  /** The responses that led here, oldest first, when redirects were followed. */
  readonly history: readonly TestResponse[];
  /** Header fields of each 103 Early Hints response, in order. */
  readonly earlyHints: readonly HeaderList[];
  /** False when the body broke off. */
  readonly isComplete: boolean;
  /** What the application threw (in process), or how the connection broke (socket); undefined if nothing. */
  readonly error: unknown;
  /** What was written to `wsgi.errors`; always empty over a socket. */
  readonly errors: string;

  constructor(wire: WireResponse, target: RequestTarget, history: readonly TestResponse[] = []) {
    this.status = wire.status;
    this.reason = wire.reason;
    this.headers = new Headers([...wire.headers]);
    this.chunks = wire.chunks;
    this.url = absoluteForm(target);
    this.history = history;
    this.earlyHints = wire.earlyHints;
    this.isComplete = wire.isComplete;
    this.error = wire.error;
    this.errors = wire.errors;
  }

  /** The whole body. */
  bytes(): Uint8Array {
    return Buffer.concat(this.chunks);
  }

  /** The body decoded by the charset of Content-Type. @default utf-8 */
  text(): string {
    const charset = /;\s*charset="?([^\s";]+)/i.exec(this.headers.get("Content-Type") ?? "")?.[1] ?? "utf-8";
    return new TextDecoder(charset).decode(this.bytes());
  }

  /**
   * The body parsed as JSON.
   *
   * @throws SyntaxError when it is none; the message says what came instead
   */
  json<T = unknown>(): T {
    const text = this.text();
    try {
      return JSON.parse(text) as T;
    } catch (cause) {
      const start = JSON.stringify(text.slice(0, 80));
      throw new SyntaxError(`Expected a body of JSON, got status ${this.status} with ${start}`, { cause });
    }
  }

  /** The cookies that this response sets, by name; values are not decoded. */
  get cookies(): ReadonlyMap<string, SetCookie> {
    const cookies = new Map<string, SetCookie>();
    for (const line of this.headers.getAll("Set-Cookie")) {
      const cookie = parseSetCookie(line, { decode: false });
      if (cookie) cookies.set(cookie.name, cookie as SetCookie);
    }
    return cookies;
  }
}
