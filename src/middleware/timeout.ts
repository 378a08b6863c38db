// Gives up on an application that takes too long. Source: RFC 9110 section 15.6.5 (504).
import { TSGIError } from "../errors.ts";
import type { Bytes, Middleware, StartResponse, WSGIApplication, WSGIBody, WSGIEnvironment } from "../wsgi/types.ts";
import { sendAnswer } from "./writing/answer.ts";
import { closeAfterError } from "./writing/body-close.ts";
import { isPromise } from "../wsgi/is-promise.ts";
import { resumedAsyncBody } from "./writing/chunk-iterables.ts";
import { decimal, integer, fromSection, within, type Configuration } from "./writing/options.ts";

const DEFAULT_SECONDS = 30;
const MAX_SECONDS = 86_400;

/** The time limit. */
export interface TimeoutOptions {
  /** Time until the first chunk of the body, in seconds. @default 30 */
  readonly seconds?: number;
  /** Status of the answer. @default 504 */
  readonly status?: number;
}

/** The application did not respond in time. This is the reason of its `tsgi.signal`, and its late calls throw it. */
export class ResponseTimeout extends TSGIError {
  constructor(seconds: number) {
    super("violation", "ERR_TSGI_RESPONSE_TIMEOUT", `The application did not respond within ${seconds} seconds`);
  }
}

/**
 * Answers 504 if the application has not produced the first chunk of its body in time, and fires `tsgi.signal`, so that the application can
 * stop. From then on, its `startResponse` and `write` throw, and a body that it still returns is closed. After the first chunk there is no
 * time limit.
 *
 * JavaScript cannot be interrupted: code that computes without ever waiting blocks the whole process. Only the server's
 * `--heartbeat-timeout` catches that.
 *
 * In a pipeline: around what may be slow, inside of what must see each answer (access log, request id).
 *
 * @throws MiddlewareOptionError when the time is not between 1 ms and a day, or the status is no error
 */
export function timeout(options: TimeoutOptions = {}): Middleware {
  const { seconds = DEFAULT_SECONDS, status = 504 } = options;
  within(seconds, "seconds", 0.001, MAX_SECONDS);
  within(status, "status", 400, 599);
  return function timeoutMiddleware(application) {
    return function timed(environ, startResponse) {
      return new Deadline(environ, startResponse, seconds, status).call(application);
    };
  };
}

/** For INI files: `use = egg:tsgi#timeout`, with the keys of {@link TimeoutOptions}. */
export function filterFactory(_globalConf: Configuration, localConf: Configuration): Middleware {
  return fromSection<TimeoutOptions>(timeout, localConf, { seconds: decimal, status: integer });
}

/** One request with its deadline. */
class Deadline {
  readonly #environ: WSGIEnvironment;
  readonly #outer: StartResponse;
  readonly #seconds: number;
  readonly #status: number;
  readonly #controller = new AbortController();
  readonly #startedAt = performance.now();
  #isAnnounced = false;
  #hasWritten = false;

  constructor(environ: WSGIEnvironment, startResponse: StartResponse, seconds: number, status: number) {
    this.#environ = environ;
    this.#outer = startResponse;
    this.#seconds = seconds;
    this.#status = status;
  }

  call(application: WSGIApplication): WSGIBody | Promise<WSGIBody> {
    const signals = [this.#environ["tsgi.signal"], this.#controller.signal].filter((signal) => signal !== undefined);
    const body = application({ ...this.#environ, "tsgi.signal": AbortSignal.any(signals) }, this.#startResponse);
    if (isPromise(body)) return this.#promised(body);
    return Array.isArray(body) || Symbol.iterator in body ? body : this.#guarded(body);
  }

  readonly #startResponse: StartResponse = (status, headers, excInfo) => {
    this.#controller.signal.throwIfAborted();
    const write = this.#outer(status, headers, excInfo);
    this.#isAnnounced = true;
    return (data) => {
      this.#controller.signal.throwIfAborted();
      if (data.length > 0) this.#hasWritten = true;
      return write(data);
    };
  };

  async #promised(promise: Promise<WSGIBody>): Promise<WSGIBody> {
    const body = await this.#inTime(promise, closeAfterError);
    if (body === null) return this.#answer();
    return Array.isArray(body) || Symbol.iterator in body ? body : this.#guarded(body);
  }

  /** An asynchronous body has its first chunk to produce. */
  #guarded(body: WSGIBody & AsyncIterable<Bytes>): WSGIBody {
    const close = (): void | Promise<void> => body.close?.();
    const first = async function* (deadline: Deadline): AsyncGenerator<Bytes> {
      const iterator = body[Symbol.asyncIterator]();
      const result = await deadline.#inTime(iterator.next());
      if (result === null) {
        // A generator that still waits is told when it comes to it.
        iterator.return?.()?.then(undefined, () => undefined);
        yield* deadline.#answer() as Iterable<Bytes>;
      } else yield* resumedAsyncBody(iterator, result, body) as AsyncIterable<Bytes>;
    };
    return { [Symbol.asyncIterator]: () => first(this), close };
  }

  /** Gives null when the time is over; what comes later is handed to `discard`. */
  async #inTime<Value>(promise: Promise<Value>, discard?: (value: Value) => void): Promise<Value | null> {
    let timer: NodeJS.Timeout | undefined;
    const isOver = new Promise<null>((resolve) => {
      const left = this.#seconds * 1000 - (performance.now() - this.#startedAt);
      timer = setTimeout(resolve, Math.max(0, left), null);
    });
    try {
      const result = await Promise.race([promise, isOver]);
      // What was written has left: the answer can no longer be replaced, so the application may finish it.
      if (result !== null || this.#hasWritten) return await promise;
    } finally {
      clearTimeout(timer);
    }
    promise.then(discard, () => undefined);
    this.#controller.abort(new ResponseTimeout(this.#seconds));
    return null;
  }

  #answer(): WSGIBody {
    const { reason } = this.#controller.signal as { reason: Error }; // aborted above
    const replace: StartResponse = (status, headers) => this.#outer(status, headers, this.#isAnnounced ? reason : null);
    return sendAnswer(this.#environ, replace, { status: this.#status });
  }
}
