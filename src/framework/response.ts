// A response while it is made: status, headers, cookies, body. Source: Flask's Response for what it offers; cookie-es writes cookies.
import { serialize } from "cookie-es";
import { addPersonalCookie } from "../middleware/sessions/cookie.ts";
import { isPromise } from "../wsgi/is-promise.ts";
import { findHeader, setHeader } from "../middleware/writing/header-fields.ts";
import { Headers } from "../wsgi/headers.ts";
import type { Bytes, HeaderList, WSGIBody, WSGIEnvironment } from "../wsgi/types.ts";
import { FrameworkError } from "./errors.ts";

/** Headers as they are written: pairs, or an object. */
export type HeadersInit = Readonly<HeaderList> | Readonly<Record<string, string>>;

/** What a response may be made with. */
export interface ResponseOptions {
  /** @default 200 */
  readonly status?: number;
  readonly headers?: HeadersInit;
  /** Content-Type. @default by the kind of body */
  readonly type?: string;
}

/** How the browser keeps a cookie. */
export interface SetCookieOptions {
  /** Seconds. @default until the browser is closed */
  readonly maxAge?: number;
  readonly expires?: Date;
  /** @default "/" */
  readonly path?: string;
  /** @default only the host that sets it */
  readonly domain?: string;
  /** Whether it goes over https only. @default as the request came */
  readonly secure?: boolean;
  /** Whether scripts of the page cannot see it. @default true */
  readonly httpOnly?: boolean;
  /** @default "lax" */
  readonly sameSite?: "strict" | "lax" | "none";
  /** @default false */
  readonly partitioned?: boolean;
}

interface SetCookie {
  readonly name: string;
  readonly value: string;
  readonly options: SetCookieOptions;
}

/** Bytes, text (in UTF-8), a stream of either, or nothing. */
export type ResponseBody =
  | Bytes
  | string
  | (Iterable<Bytes | string> & { close?(): void | Promise<void> })
  | (AsyncIterable<Bytes | string> & { close?(): void | Promise<void> })
  | null;

/**
 * A response. What handlers return becomes one, and hooks get it.
 *
 * @example
 * return new Response("Created", { status: 201, headers: { Location: "/items/1" } });
 */
export class Response {
  status: number;
  readonly #headers: HeaderList;
  #view: Headers | null = null;
  #body: Bytes | WSGIBody | null;
  #cookies: SetCookie[] | null = null;

  /** @param body - text and streams are html unless `type` says otherwise, bytes are `application/octet-stream` */
  constructor(body: ResponseBody = null, options: ResponseOptions = {}) {
    const { status = 200, headers, type } = options;
    this.status = status;
    this.#headers = headers === undefined ? [] : pairsOf(headers);
    this.#body = sendable(body);
    const ownType = body === null ? undefined : body instanceof Uint8Array ? BYTES : HTML;
    if (type !== undefined) setHeader(this.#headers, "Content-Type", type);
    else if (ownType !== undefined && findHeader(this.#headers, "content-type") === null)
      this.#headers.push(["Content-Type", ownType]);
  }

  /** A response whose parts are ready: nothing is looked at again. */
  static of(status: number, headers: HeaderList, body: Bytes | WSGIBody | null): Response {
    const response = new Response();
    response.status = status;
    for (const pair of headers) response.#headers.push(pair);
    response.#body = body;
    return response;
  }

  /** The headers; a change of them changes the response. */
  get headers(): Headers {
    this.#view ??= new Headers(this.#headers);
    return this.#view;
  }

  /** The headers as pairs, for sending. */
  get headerList(): HeaderList {
    return this.#headers;
  }

  /** Bytes, or a body of WSGI. */
  get body(): Bytes | WSGIBody | null {
    return this.#body;
  }

  /** Puts another body in the place of this one; Content-Type stays. */
  setBody(body: ResponseBody): void {
    this.discard();
    this.#body = sendable(body);
  }

  /** The cookie is set with this response; its value may be any text. */
  setCookie(name: string, value: string, options: SetCookieOptions = {}): this {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
      throw new FrameworkError(`Cookie "${name}" cannot be set; expected a name of letters, digits and "-_."`);
    }
    this.#cookies ??= [];
    this.#cookies.push({ name, value, options });
    return this;
  }

  /** The browser forgets the cookie; `path` and `domain` must be those with which it was set. */
  deleteCookie(name: string, options: Pick<SetCookieOptions, "path" | "domain"> = {}): this {
    return this.setCookie(name, "", { ...options, maxAge: 0 });
  }

  /** Gives the headers to send. @param environ - of the request */
  finishHeaders(environ: WSGIEnvironment): HeaderList {
    if (this.#cookies === null) return this.#headers;
    for (const { name, value, options } of this.#cookies) {
      const { secure = environ["wsgi.url_scheme"] === "https" || options.sameSite === "none", ...others } = options;
      const line = serialize(name, value, { path: "/", httpOnly: true, sameSite: "lax", ...others, secure });
      addPersonalCookie(this.#headers, line);
    }
    this.#cookies = null;
    return this.#headers;
  }

  /** Closes a body that is not sent. */
  discard(): void {
    const body = this.#body;
    this.#body = null;
    if (body === null || body instanceof Uint8Array || body.close === undefined) return;
    const closed = body.close();
    if (isPromise(closed)) closed.catch(() => undefined);
  }

  /** Whether Content-Length is among the headers. */
  hasLength(): boolean {
    return findHeader(this.#headers, "content-length") !== null;
  }
}

export const HTML = "text/html; charset=utf-8";
export const JSON_TYPE = "application/json";
export const BYTES = "application/octet-stream";

function pairsOf(headers: HeadersInit): HeaderList {
  const pairs = Array.isArray(headers)
    ? (headers as Readonly<HeaderList>)
    : Object.entries(headers as Readonly<Record<string, string>>);
  return pairs.map(([name, value]) => [name, value]);
}

/** Turns text into bytes, and anything but text and bytes into a stream. */
function sendable(body: ResponseBody): Bytes | WSGIBody | null {
  if (typeof body === "string") return Buffer.from(body);
  return body === null || body instanceof Uint8Array ? body : streamOf(body);
}

/** A stream of text becomes one of bytes; `close` and the end of an iteration reach what was given. */
function streamOf(body: Exclude<ResponseBody, Bytes | string | null>): WSGIBody {
  const close = typeof body.close === "function" ? { close: () => body.close?.() } : {};
  if (Symbol.asyncIterator in body) return { [Symbol.asyncIterator]: () => encodedAsync(body), ...close };
  return { [Symbol.iterator]: () => encoded(body), ...close };
}

function* encoded(chunks: Iterable<Bytes | string>): Generator<Bytes> {
  for (const chunk of chunks) yield bytesOf(chunk);
}

async function* encodedAsync(chunks: AsyncIterable<Bytes | string>): AsyncGenerator<Bytes> {
  for await (const chunk of chunks) yield bytesOf(chunk);
}

function bytesOf(chunk: unknown): Bytes {
  if (typeof chunk === "string") return Buffer.from(chunk);
  if (chunk instanceof Uint8Array) return chunk;
  throw new FrameworkError(`A stream gives text or bytes; got ${chunk === null ? "null" : typeof chunk}`);
}
