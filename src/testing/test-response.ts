// The response as a test sees it.

import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import { type SetCookie, parseSetCookie } from "cookie-es";
import { Headers } from "../wsgi/headers.ts";
import type { Bytes, HeaderList } from "../wsgi/types.ts";
import { TestUsageError } from "./errors.ts";
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
  /** The address of this response: after redirects, the last one. */
  readonly url: string;
  /** The redirects that were followed, oldest first. */
  readonly history: readonly TestResponse[];
  /** Header fields of each 103 Early Hints response, in order. */
  readonly earlyHints: readonly HeaderList[];
  /** False if the body was cut off. */
  readonly isComplete: boolean;
  /** The error that the application threw (in process), or the error of the connection (socket); otherwise undefined. */
  readonly error: unknown;
  /** The text that was written to `wsgi.errors`; always empty over a socket. */
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

  /** The whole body as it arrived; still compressed if it has a Content-Encoding. */
  bytes(): Uint8Array {
    return Buffer.concat(this.chunks);
  }

  /**
   * The whole body with its Content-Encoding decoded, as in a browser or with curl's `--compressed` (RFC 9110 §8.4).
   *
   * @throws TestUsageError when the coding is none of gzip, deflate and br, or the body is not in it
   */
  content(): Uint8Array {
    const codings = this.headers.getAll("Content-Encoding").flatMap((value) => value.toLowerCase().split(","));
    return codings
      .map((coding) => coding.trim())
      .reduceRight<Uint8Array>((bytes, coding) => decode(bytes, coding), this.bytes());
  }

  /** The content decoded by the charset of Content-Type. @default utf-8 */
  text(): string {
    const charset = /;\s*charset="?([^\s";]+)/i.exec(this.headers.get("Content-Type") ?? "")?.[1] ?? "utf-8";
    return new TextDecoder(charset).decode(this.content());
  }

  /**
   * The content parsed as JSON.
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

/** Source: RFC 9110 §8.4.1; `x-gzip` is gzip, and an empty element of a list counts for nothing. */
const DECODERS: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  "": (bytes) => bytes,
  identity: (bytes) => bytes,
  gzip: (bytes) => gunzipSync(bytes),
  "x-gzip": (bytes) => gunzipSync(bytes),
  deflate: (bytes) => inflateSync(bytes),
  br: (bytes) => brotliDecompressSync(bytes),
};

function decode(bytes: Uint8Array, coding: string): Uint8Array {
  // HEAD and 304 name the coding of a body that they do not bring.
  if (bytes.length === 0) return bytes;
  const decoder = Object.hasOwn(DECODERS, coding) ? DECODERS[coding] : undefined;
  if (decoder === undefined)
    throw new TestUsageError(`Cannot decode the Content-Encoding "${coding}"; expected gzip, deflate or br`);
  try {
    return decoder(bytes);
  } catch (cause) {
    throw new TestUsageError(`The body is not in the Content-Encoding "${coding}" that the response names`, { cause });
  }
}
