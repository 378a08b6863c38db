// The one way in which middleware sees or changes a response on its way out: status and headers, the body, or all of it.
// Source: PEP 3333, "Middleware: Components that Play Both Sides", "Middleware Handling of Block Boundaries", "Error Handling" and
// the paragraphs on write() and close().
//
// An array stays an array and a synchronous body synchronous wherever the change allows it; such a response costs no promise.
// What was wrapped is closed exactly once: by the server through the wrapper, or here when the server never gets it.
import { ContractViolation } from "../../wsgi/errors.ts";
import type {
  Bytes,
  ExcInfo,
  HeaderList,
  StartResponse,
  Write,
  WSGIApplication,
  WSGIBody,
  WSGIEnvironment,
} from "../../wsgi/types.ts";
import { closeAfterError, closedWith } from "./body-close.ts";
import { isPromise } from "../../wsgi/is-promise.ts";
import { asyncChunks, mappedAsyncIterable, mappedIterable, resumedAsyncBody, resumedBody } from "./chunk-iterables.ts";
import { dropBodyFields, setHeader } from "./header-fields.ts";
import { WrittenStream } from "./written-stream.ts";

/** Status and headers of a response; both may be changed. The list belongs to the middleware, not to the application. */
export interface ResponseHead {
  status: string;
  readonly headers: HeaderList;
}

/**
 * What happens to the body, decided when the application announces its response. If the body changes, headers that described the old one
 * are removed (Content-Length, digests, Accept-Ranges), and a strong ETag becomes weak.
 */
export type BodyChange =
  /** Each chunk becomes another one, and something may follow the last. */
  | { readonly kind: "chunks"; chunk(chunk: Bytes): Bytes; end?(): Bytes }
  /** Each chunk is looked at and passes unchanged; the headers stay. */
  | { readonly kind: "watch"; chunk(chunk: Bytes): void; end?(): void }
  | WholeChange
  /** The response is thrown away, its body closed, and another application answers; it may read the environ. */
  | { readonly kind: "instead"; readonly application: WSGIApplication };

/**
 * The body is changed as a whole. The headers wait for it, so you can still change them. Responses to HEAD, and those with status 204 or
 * 304, pass unchanged, because their headers do not describe their body.
 */
export interface WholeChange {
  readonly kind: "whole";
  /**
   * Receives the whole body if the application returned an array. If it returns another body, Content-Length is set, and headers that it
   * added stay. Null passes the response to `stream`.
   */
  whole(body: Bytes): Bytes | null;
  /** Receives a streamed body; without it, such a body passes unchanged. */
  stream?(chunks: AsyncIterable<Bytes>): AsyncIterable<Bytes>;
}

/** Called with status and headers each time the application announces them, so again if it calls `startResponse` with `excInfo`. */
export type HeadChange = (head: ResponseHead) => BodyChange | null | undefined | void;

/**
 * Returns a `startResponse` for the application that changes status and headers. The body is not touched, so this is the cheapest change.
 *
 * @param startResponse - of the server
 * @param change - changes the head in place
 */
export function changeHead(startResponse: StartResponse, change: (head: ResponseHead) => void): StartResponse {
  return function startChanged(status, headers, excInfo) {
    const head: ResponseHead = { status, headers: headers.slice() };
    change(head);
    return startResponse(head.status, head.headers, excInfo);
  };
}

/**
 * Calls an application and changes its response.
 *
 * @param application - the inner one
 * @param environ - for it
 * @param startResponse - of the server
 * @param change - sees each head, changes it in place, and says what becomes of the body (nothing: it passes untouched)
 * @returns the body for the server: an array if the application gave one and `change` needs no more than it
 * @example
 * return replaceResponse(application, environ, startResponse, (head) => {
 *   head.headers.push(["X-Shout", "yes"]);
 *   return { kind: "chunks", chunk: (chunk) => Buffer.from(Buffer.from(chunk).toString().toUpperCase()) };
 * });
 */
export function replaceResponse(
  application: WSGIApplication,
  environ: WSGIEnvironment,
  startResponse: StartResponse,
  change: HeadChange,
): WSGIBody | Promise<WSGIBody> {
  const replacement = new Replacement(environ, startResponse, change);
  const body = application(environ, replacement.startResponse);
  return isPromise(body) ? body.then((settled) => replacement.body(settled)) : replacement.body(body);
}

/** One response under change. */
class Replacement {
  readonly #environ: WSGIEnvironment;
  readonly #outer: StartResponse;
  readonly #decide: HeadChange;
  #head: ResponseHead | null = null;
  #change: BodyChange | null = null;
  #excInfo: ExcInfo | null = null;
  /** The server's write, once it has heard of any head. */
  #write: Write | null = null;
  /** Whether the server has heard of the present head. */
  #isPassed = false;
  #written: WrittenStream | null = null;

  constructor(environ: WSGIEnvironment, startResponse: StartResponse, decide: HeadChange) {
    this.#environ = environ;
    this.#outer = startResponse;
    this.#decide = decide;
  }

  /** What the application calls. */
  readonly startResponse: StartResponse = (status, headers, excInfo = null) => {
    if (this.#head !== null && excInfo === null) {
      const what = "Call startResponse once; a second call must pass the error as excInfo";
      throw new ContractViolation("ERR_TSGI_HEADERS_SET", what);
    }
    const head: ResponseHead = { status, headers: headers.slice() };
    const decided = this.#decide(head) ?? null;
    // Behind 101 come the bytes of another protocol, and its head must not wait for them.
    const change = decided?.kind !== "watch" && status.startsWith("101 ") ? null : decided;
    if (change?.kind === "chunks") dropBodyFields(head.headers);
    const isHeld = change?.kind === "whole" || change?.kind === "instead";
    // Once the server has heard of a head, only it knows whether that may be replaced: it throws excInfo if not.
    if (!isHeld || this.#write !== null) this.#write = this.#outer(head.status, head.headers, excInfo);
    this.#head = head;
    this.#change = change;
    this.#excInfo = excInfo;
    this.#isPassed = !isHeld;
    this.#written?.cancel();
    this.#written = null;
    return change === null && this.#write !== null ? this.#write : (data) => this.#writeChanged(data);
  };

  /** Gives the body for the server. */
  body(inner: WSGIBody): WSGIBody | Promise<WSGIBody> {
    if (this.#head === null) return this.#lazyBody(inner);
    if (this.#change?.kind === "instead") return this.#instead(this.#change.application, inner);
    try {
      return this.#changedBody(inner);
    } catch (error) {
      closeAfterError(inner);
      throw error;
    }
  }

  /** A body that announces its response only when it is iterated, as a generator does. */
  #lazyBody(inner: WSGIBody): WSGIBody | Promise<WSGIBody> {
    if (Array.isArray(inner) || inner === null || typeof inner !== "object") return inner; // the server will complain
    if (!(Symbol.iterator in inner)) return Symbol.asyncIterator in inner ? this.#lazyAsyncBody(inner) : inner;
    // A server begins to iterate as soon as it has the body, so asking for the first chunk here is no earlier.
    let resumed: WSGIBody;
    try {
      const iterator = inner[Symbol.iterator]();
      resumed = resumedBody(iterator, iterator.next(), inner);
    } catch (error) {
      closeAfterError(inner);
      throw error;
    }
    return this.#head === null ? resumed : this.body(resumed);
  }

  #lazyAsyncBody(inner: AsyncIterable<Bytes> & WSGIBody): WSGIBody {
    const pass = (body: WSGIBody): WSGIBody | Promise<WSGIBody> => (this.#head === null ? body : this.body(body));
    let current: WSGIBody | null = inner;
    async function* iterate(): AsyncGenerator<Bytes> {
      const iterator = inner[Symbol.asyncIterator]();
      const resumed = resumedAsyncBody(iterator, await iterator.next(), inner);
      current = null; // until `pass` has succeeded, closing is its affair
      current = await pass(resumed);
      yield* current;
    }
    return { [Symbol.asyncIterator]: iterate, close: () => current?.close?.() };
  }

  #changedBody(inner: WSGIBody): WSGIBody {
    const change = this.#change;
    if (change === null || change.kind === "instead") return inner;
    if (change.kind === "whole") return this.#wholeBody(inner, change);
    if (change.kind === "watch" && Array.isArray(inner)) {
      for (const chunk of inner as Bytes[]) change.chunk(chunk);
      change.end?.();
      return inner;
    }
    const end = (): Bytes | void => change.end?.();
    const map = (chunk: Bytes): Bytes => change.chunk(chunk) ?? chunk;
    if (Array.isArray(inner)) {
      const chunks = (inner as Bytes[]).map(map);
      const last = end();
      return closedWith(last === undefined ? chunks : [...chunks, last], inner);
    }
    return closedWith(
      Symbol.iterator in inner ? mappedIterable(inner, map, end) : mappedAsyncIterable(inner, map, end),
      inner,
    );
  }

  #wholeBody(inner: WSGIBody, change: WholeChange): WSGIBody {
    if (this.#written !== null) return closedWith(this.#written.continueWith(inner), inner);
    if (this.#isPassed) return inner; // it was written to without a stream
    const head = this.#head as ResponseHead; // body() comes here after startResponse
    if (this.#environ.REQUEST_METHOD === "HEAD" || /^(?:1|204|304)/.test(head.status)) return this.#passed(inner);
    if (Array.isArray(inner)) {
      const whole = joined(inner as Bytes[]);
      const announced = head.headers.slice();
      const changed = change.whole(whole);
      if (changed === whole) return this.#passed(inner);
      if (changed !== null) {
        dropBodyFields(head.headers, announced);
        setHeader(head.headers, "Content-Length", String(changed.length));
        return this.#passed(closedWith([changed], inner));
      }
    }
    if (change.stream === undefined) return this.#passed(inner);
    dropBodyFields(head.headers);
    const stream = change.stream(asyncChunks(inner));
    return this.#passed(closedWith({ [Symbol.asyncIterator]: () => stream[Symbol.asyncIterator]() }, inner));
  }

  /** The inner response is over before it began; another application answers. */
  #instead(application: WSGIApplication, inner: WSGIBody): WSGIBody | Promise<WSGIBody> {
    const excInfo = this.#excInfo;
    const start: StartResponse = (status, headers, own) => this.#outer(status, headers, own ?? excInfo);
    const closed = inner.close?.();
    return isPromise(closed) ? closed.then(() => application(this.#environ, start)) : application(this.#environ, start);
  }

  #passed<Body extends WSGIBody>(body: Body): Body {
    this.#pass();
    return body;
  }

  #pass(): Write {
    const { status, headers } = this.#head as ResponseHead; // callers come after startResponse
    this.#isPassed = true;
    this.#write = this.#outer(status, headers, this.#excInfo);
    return this.#write;
  }

  #writeChanged(data: Bytes): void | Promise<void> {
    const change = this.#change;
    switch (change?.kind) {
      case undefined:
        return this.#write?.(data);
      case "watch":
        change.chunk(data);
        return this.#write?.(data);
      case "chunks": {
        const chunk = change.chunk(data);
        return chunk.length > 0 ? this.#write?.(chunk) : undefined;
      }
      case "instead":
        return undefined;
      case "whole":
        return this.#writeWhole(data, change);
    }
  }

  #writeWhole(data: Bytes, change: WholeChange): void | Promise<void> {
    if (this.#written !== null) return this.#written.write(data);
    if (this.#isPassed) return this.#write?.(data);
    if (change.stream === undefined) return this.#pass()(data);
    dropBodyFields((this.#head as ResponseHead).headers); // write comes from startResponse
    // The stream is made first, since it may still change the head.
    this.#written = new WrittenStream(
      (chunks) => change.stream?.(chunks) ?? chunks,
      (chunk) => this.#write?.(chunk),
    );
    this.#pass();
    return this.#written.write(data);
  }
}

function joined(chunks: readonly Bytes[]): Bytes {
  const [first] = chunks;
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
}
