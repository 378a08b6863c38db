// Runs one call of an application for any gateway: the startResponse machine, the body, and close().
// Source: PEP 3333 "The start_response() Callable", "Handling the Content-Length Header", "Buffering and Streaming", "Error Handling".
//
// The machine, in the order in which a request may live through it:
//   called → (startResponse) announced → first non-empty chunk, or first write(): sent → body exhausted: over
// Until `sent` a failure can still become a 500; after it the answer can only be broken off.
// A synchronous application that returns a list costs no promise, no iterator and no stream.
import { isRemoteFault } from "../errors.ts";
import { checkBody, checkChunk } from "./body-checks.ts";
import { concatBytes, NO_BYTES } from "./bytes.ts";
import { errorText } from "./error-text.ts";
import { ContractViolation } from "./errors.ts";
import { escapeText } from "./escape-text.ts";
import { isPromise } from "./is-promise.ts";
import type {
  Bytes,
  ExcInfo,
  HeaderList,
  StartResponse,
  Write,
  WSGIApplication,
  WSGIBody,
  WSGIEnvironment,
} from "./types.ts";

/** The interface through which a gateway receives a response. The gateway does the framing; `runApplication` ensures the order of the calls. */
export interface ResponseSink {
  /** True once the response is complete although the body is not: for HEAD, 204 and 304, nobody needs the rest. */
  readonly isOver?: boolean;
  /**
   * Receives status and headers; called again if `excInfo` replaces them. Nothing is sent yet.
   *
   * @throws a violation when they may not be sent
   */
  announce(status: string, headers: HeaderList): void;
  /** Sends headers and body at once and completes the response. `chunk` may be empty. */
  sendWhole(chunk: Bytes): void;
  /**
   * Sends one chunk of a longer body; the first call also sends the headers, and only that one may be of an empty chunk. Returns false if the
   * buffer is full: then wait for `drained`.
   */
  send(chunk: Bytes): boolean;
  /** Resolves when there is room again, or when the client has disconnected. */
  drained(): Promise<void>;
  /** Completes a response that was begun with `send`. */
  finish(): void;
  /** Gives up: sends an error response if nothing was sent yet, otherwise cuts the response off. */
  fail(error: unknown): void;
}

/** What hears that an application does no more. */
export interface RunListener {
  /** The application has returned, or given the chunk it was asked for. */
  rested(): void;
}

/** A running call of an application. */
export interface ApplicationRun {
  /** True while the application is working: it was called, or asked for a chunk, and has not returned. This can be true after an `abort`. */
  readonly isWorking: boolean;
  /** Hears each time the application rests; a gateway listens when the answer is over but the application still works. */
  listener: RunListener | null;
  /** The client has disconnected: iteration stops, the body is closed, and anything that the application still does is ignored. */
  abort(reason: Error): void;
}

/** Up to this many bytes the chunks of a list are joined and leave in one write. */
const JOIN_BYTES = 65_536;

/**
 * Calls an application and passes its response to a sink.
 *
 * @param application - what `toApplication` returned
 * @param environ - the environ of this request
 * @param sink - receives the answer; every call ends in exactly one of `sendWhole`, `finish` or `fail`, unless aborted
 * @returns the run, so that the gateway can abort it
 */
export function runApplication(
  application: WSGIApplication,
  environ: WSGIEnvironment,
  sink: ResponseSink,
): ApplicationRun {
  const run = new Run(environ, sink);
  run.call(application);
  return run;
}

class Run implements ApplicationRun {
  readonly #environ: WSGIEnvironment;
  readonly #sink: ResponseSink;
  isWorking = false;
  listener: RunListener | null = null;
  #isAnnounced = false;
  #isSent = false;
  #isOver = false;
  #abortReason: Error | null = null;
  #body: WSGIBody | null = null;
  #iterator: Iterator<Bytes> | AsyncIterator<Bytes> | null = null;

  constructor(environ: WSGIEnvironment, sink: ResponseSink) {
    this.#environ = environ;
    this.#sink = sink;
  }

  call(application: WSGIApplication): void {
    let body: WSGIBody | Promise<WSGIBody>;
    try {
      const startResponse: StartResponse = (status, headers, excInfo) => this.#startResponse(status, headers, excInfo);
      body = application(this.#environ, startResponse);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (isPromise(body)) {
      this.isWorking = true;
      body.then(
        (settled) => {
          this.#rest();
          this.#respond(settled);
        },
        (error: unknown) => {
          this.#rest();
          this.#fail(error);
        },
      );
    } else {
      this.#respond(body);
    }
  }

  abort(reason: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#abortReason = reason;
    this.#close();
  }

  #startResponse(status: string, headers: HeaderList, excInfo?: ExcInfo | null): Write {
    if (this.#isOver && this.#abortReason === null) {
      throw new ContractViolation(
        "ERR_TSGI_AFTER_END",
        "Call startResponse before the answer is complete, not after it",
      );
    }
    if (excInfo !== undefined && excInfo !== null) {
      if (this.#isSent) throw excInfo;
    } else if (this.#isAnnounced) {
      throw new ContractViolation(
        "ERR_TSGI_HEADERS_SET",
        "Call startResponse once; a second call must pass the error as excInfo",
      );
    }
    this.#sink.announce(status, headers);
    this.#isAnnounced = true;
    return (data) => this.#write(data);
  }

  #write(data: Bytes): void | Promise<void> {
    if (this.#abortReason !== null) throw this.#abortReason;
    if (this.#isOver) {
      throw new ContractViolation("ERR_TSGI_AFTER_END", "Call write() before the answer is complete, not after it");
    }
    checkChunk(data, "write()");
    // The first call sends the head, whatever it writes, as in wsgiref.
    if (data.length === 0 && this.#isSent) return undefined;
    this.#isSent = true;
    return this.#sink.send(data) ? undefined : this.#sink.drained();
  }

  #respond(body: WSGIBody): void {
    this.#body = body;
    if (this.#isOver) {
      this.#close();
      return;
    }
    try {
      if (Array.isArray(body) && !this.#isSent) {
        const whole = joined(body as Bytes[]);
        if (whole !== null) {
          this.#whole(whole);
          return;
        }
      }
      checkBody(body);
      if (Symbol.iterator in body) {
        const iterator = body[Symbol.iterator]();
        this.#iterator = iterator;
        this.#pump(iterator);
      } else {
        const iterator = body[Symbol.asyncIterator]();
        this.#iterator = iterator;
        this.#pumpLater(iterator).catch((error: unknown) => this.#fail(error));
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Sends what a synchronous iterable yields until it ends or the client is slow. */
  #pump(iterator: Iterator<Bytes>): void {
    while (!this.#isOver) {
      const { done, value } = this.#nextOf(iterator);
      if (done === true) {
        this.#iterator = null;
        this.#finish();
        return;
      }
      const hasRoom = this.#sendChunk(value);
      if (this.#sink.isOver === true) {
        this.#end();
        return;
      }
      if (!hasRoom) {
        this.#sink.drained().then(
          () => this.#resume(iterator),
          (error: unknown) => this.#fail(error),
        );
        return;
      }
    }
  }

  /** An iterator that has thrown is finished: nobody tells it to return (ECMAScript, "IteratorClose"). */
  #nextOf(iterator: Iterator<Bytes>): IteratorResult<Bytes> {
    try {
      return iterator.next();
    } catch (error) {
      this.#iterator = null;
      throw error;
    }
  }

  #resume(iterator: Iterator<Bytes>): void {
    try {
      this.#pump(iterator);
    } catch (error) {
      this.#fail(error);
    }
  }

  async #pumpLater(iterator: AsyncIterator<Bytes>): Promise<void> {
    while (!this.#isOver) {
      // One chunk after another is the contract: the next one is asked for when this one has found room.
      const { done, value } = await this.#next(iterator);
      if (this.#isOver) return;
      if (done === true) {
        this.#iterator = null;
        this.#finish();
        return;
      }
      const hasRoom = this.#sendChunk(value);
      if (this.#sink.isOver === true) {
        this.#end();
        return;
      }
      if (!hasRoom) await this.#sink.drained();
    }
  }

  async #next(iterator: AsyncIterator<Bytes>): Promise<IteratorResult<Bytes>> {
    this.isWorking = true;
    try {
      return await iterator.next();
    } catch (error) {
      this.#iterator = null;
      throw error;
    } finally {
      this.#rest();
    }
  }

  #rest(): void {
    this.isWorking = false;
    this.listener?.rested();
  }

  #sendChunk(chunk: Bytes): boolean {
    checkChunk(chunk, "the body");
    this.#checkAnnounced();
    if (chunk.length === 0) return true;
    this.#isSent = true;
    return this.#sink.send(chunk);
  }

  #whole(chunk: Bytes): void {
    this.#checkAnnounced();
    this.#sink.sendWhole(chunk);
    this.#end();
  }

  #finish(): void {
    if (!this.#isSent) {
      this.#whole(NO_BYTES);
      return;
    }
    this.#sink.finish();
    this.#end();
  }

  #end(): void {
    this.#isOver = true;
    this.#close();
  }

  #checkAnnounced(): void {
    if (!this.#isAnnounced) {
      throw new ContractViolation(
        "ERR_TSGI_NO_START_RESPONSE",
        "Call startResponse before the first chunk of the body",
      );
    }
  }

  #fail(error: unknown): void {
    if (this.#isOver) {
      // The client has left, or the answer is complete: nobody waits for this error, but a bug must not vanish.
      if (this.#abortReason === null || error !== this.#abortReason) this.#report(error);
      this.#close();
      return;
    }
    this.#isOver = true;
    this.#report(error);
    this.#sink.fail(error);
    this.#close();
  }

  /** Writes an error to `wsgi.errors`, unless it is the peer's fault: a client must not be able to fill the log. */
  #report(error: unknown): void {
    if (isRemoteFault(error)) return;
    const environ = this.#environ;
    const where = escapeText(`${environ.REQUEST_METHOD} ${environ.REQUEST_URI ?? environ.PATH_INFO}`);
    environ["wsgi.errors"].write(`Error handling ${where}: ${errorText(error)}\n`);
  }

  /** Closes the body; the first call closes, later ones find nothing left to do. */
  #close(): void {
    const body = this.#body;
    const iterator = this.#iterator;
    this.#body = null;
    this.#iterator = null;
    // An iterator that was left early is told so (JavaScript's idiom); `close` is PEP 3333's.
    if (iterator?.return !== undefined) this.#settle(() => iterator.return?.());
    if (body !== null && body !== undefined && typeof body.close === "function") this.#settle(() => body.close?.());
  }

  #settle(action: () => unknown): void {
    try {
      const result = action();
      if (isPromise(result)) result.then(undefined, (error: unknown) => this.#report(error));
    } catch (error) {
      this.#report(error);
    }
  }
}

/** Joins a list of few bytes into its one chunk; null when it is better sent piece by piece (or holds something wrong). */
function joined(chunks: Bytes[]): Bytes | null {
  const first = chunks[0];
  if (chunks.length === 1) return first instanceof Uint8Array ? first : null;
  if (first === undefined) return chunks.length === 0 ? NO_BYTES : null;
  let length = 0;
  for (const chunk of chunks) {
    if (!(chunk instanceof Uint8Array)) return null;
    length += chunk.length;
    if (length > JOIN_BYTES) return null;
  }
  return concatBytes(chunks, length);
}
