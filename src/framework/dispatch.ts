// One request on its way: hooks, handler, error handlers, response. Each step is done at once while nothing is a promise, so that a
// synchronous handler costs none. Source: Flask's full_dispatch_request for the order.
import { isPromise } from "../wsgi/is-promise.ts";
import { statusLine } from "../middleware/writing/answer.ts";
import { asError } from "../middleware/writing/thrown-error.ts";
import { errorText } from "../wsgi/error-text.ts";
import { escapeText } from "../wsgi/escape-text.ts";
import type { Bytes, StartResponse, WSGIBody } from "../wsgi/types.ts";
import type { Chain, CompiledRoute } from "./compiled-route.ts";
import { asHttpError, errorResponse } from "./error-response.ts";
import { type HTTPError, InternalServerError } from "./http-error.ts";
import type { Request } from "./request.ts";
import { HTML, Response } from "./response.ts";
import { toResponse } from "./result.ts";
import type { ErrorHandler } from "./scaffold.ts";
import { checkResult } from "./validation.ts";

type Later<Value> = Value | Promise<Value>;

/** Answers a request that has no route, or throws. */
export type Instead = () => Response;

/** One request. */
export class Dispatch {
  readonly #request: Request;
  readonly #chain: Chain;
  readonly #route: CompiledRoute | null;
  readonly #instead: Instead | null;
  readonly #isDevelopment: boolean;
  /** The error that no handler took. */
  #failure: unknown = null;

  /** @param instead - answers (or throws) where there is no route */
  constructor(
    request: Request,
    chain: Chain,
    route: CompiledRoute | null,
    instead: Instead | null,
    isDevelopment: boolean,
  ) {
    this.#request = request;
    this.#chain = chain;
    this.#route = route;
    this.#instead = instead;
    this.#isDevelopment = isDevelopment;
  }

  /**
   * Answers the request.
   *
   * @param produce - gives the response. @default hooks, handler
   */
  run(
    startResponse: StartResponse,
    produce: () => Later<Response> = () => this.#produce(),
  ): WSGIBody | Promise<WSGIBody> {
    return attempt(
      () => {
        const response = attempt(produce, (error) => this.#recover(error));
        return next(response, (settled) => next(this.#finalized(settled), (last) => this.#send(last, startResponse)));
      },
      (error) => this.#rethrown(error),
    );
  }

  /**
   * Answers the request with what its handler has returned already, or thrown.
   *
   * @param returned - gives the one, or throws the other
   */
  runAfter(startResponse: StartResponse, returned: () => unknown): WSGIBody | Promise<WSGIBody> {
    return this.run(startResponse, () => next(returned(), (result) => this.#response(result)));
  }

  #produce(): Later<Response> {
    if (this.#chain.before.length === 0) return this.#dispatch();
    return next(this.#runBefore(0), (response) => response ?? this.#dispatch());
  }

  #runBefore(start: number): Later<Response | null> {
    const { before } = this.#chain;
    for (let index = start; index < before.length; index += 1) {
      const result = before[index]?.(this.#request);
      if (isPromise(result)) {
        return result.then((settled) => (isNothing(settled) ? this.#runBefore(index + 1) : this.#response(settled)));
      }
      if (!isNothing(result)) return this.#response(result);
    }
    return null;
  }

  #dispatch(): Later<Response> {
    const route = this.#route;
    if (route === null) return (this.#instead as Instead)(); // there is the one or the other
    const { params } = this.#request;
    const values = route.input === null ? params : route.input(this.#request, params);
    const result = isPromise(values) ? values.then((input) => this.#call(route, input)) : this.#call(route, values);
    return next(result, (settled) => this.#checked(route, settled));
  }

  #call({ handler }: CompiledRoute, values: unknown): unknown {
    return handler(this.#request, values as never); // the values of its rule, and what its schemas gave
  }

  #checked(route: CompiledRoute, result: unknown): Later<Response> {
    const { response } = route.options;
    if (response === undefined || !this.#isDevelopment) return this.#response(result);
    return checkResult(response, result, route.name).then(() => this.#response(result));
  }

  #response(result: unknown): Later<Response> {
    return toResponse(result, this.#request.environ, this.#route?.name ?? this.#request.path);
  }

  /** Finds an answer to an error. @throws it again in development, when nobody wants it */
  #recover(thrown: unknown): Later<Response> {
    const http = asHttpError(thrown);
    const [handler, failure] = this.#handlerFor(thrown, http) ?? [];
    if (handler !== undefined) {
      return attempt(
        () => next(handler(failure as never, this.#request), (result) => this.#response(result)),
        (error) => this.#fail(error),
      );
    }
    return http === null ? this.#fail(thrown) : errorResponse(http, this.#request.environ);
  }

  /** The application is at fault: that is logged, and answered with 500. */
  #fail(thrown: unknown): Later<Response> {
    this.#failure = thrown;
    if (this.#isDevelopment) throw thrown;
    this.#log(thrown);
    const error = new InternalServerError("", { cause: thrown });
    const [handler] = this.#handlerFor(error, error) ?? [];
    const plain = (): Response => errorResponse(error, this.#request.environ);
    if (handler === undefined) return plain();
    return attempt(
      () => next(handler(error as never, this.#request), (result) => this.#response(result)),
      (second) => {
        this.#log(second);
        return plain();
      },
    );
  }

  /** By status first, then by class; the innermost blueprint before the application. */
  #handlerFor(thrown: unknown, http: HTTPError | null): [handler: ErrorHandler, failure: unknown] | null {
    const scaffolds = this.#chain.scaffolds;
    if (http !== null) {
      for (let index = scaffolds.length - 1; index >= 0; index -= 1) {
        const handler = scaffolds[index]?.statusHandlers.get(http.status);
        if (handler !== undefined) return [handler, http];
      }
    }
    for (const failure of thrown === http ? [thrown] : [thrown, http]) {
      for (let index = scaffolds.length - 1; index >= 0; index -= 1) {
        const handler = classHandler(scaffolds[index]?.classHandlers, failure);
        if (handler !== null) return [handler, failure];
      }
    }
    return null;
  }

  #finalized(response: Response): Later<Response> {
    return attempt(
      () => this.#finalize(response),
      (error) => {
        response.discard();
        return next(this.#fail(error), (failed) =>
          attempt(
            () => this.#finalize(failed),
            (second) => {
              this.#log(second);
              return failed;
            },
          ),
        );
      },
    );
  }

  #finalize(response: Response): Later<Response> {
    const own = this.#request.takeAfterThis();
    const { after } = this.#chain;
    if (own.length === 0 && after.length === 0) return response;
    return this.#runAfter(own.length === 0 ? after : [...own, ...after], 0, response);
  }

  #runAfter(
    hooks: readonly ((response: Response, request: Request) => unknown)[],
    start: number,
    first: Response,
  ): Later<Response> {
    let response = first;
    for (let index = start; index < hooks.length; index += 1) {
      const result = hooks[index]?.(response, this.#request);
      if (isPromise(result)) {
        const before = response;
        return result.then((settled) => this.#runAfter(hooks, index + 1, replaced(before, settled)));
      }
      response = replaced(response, result);
    }
    return response;
  }

  #send(response: Response, startResponse: StartResponse): WSGIBody | Promise<WSGIBody> {
    const { environ } = this.#request;
    const { status, body } = response;
    try {
      const headers = response.finishHeaders(environ);
      const isEmpty = status < 200 || status === 204 || status === 304;
      if (body === null || body instanceof Uint8Array) {
        if (!isEmpty && body === null) response.headers.setDefault("Content-Type", HTML);
        if (!isEmpty && !response.hasLength()) headers.push(["Content-Length", String(body?.length ?? 0)]);
        startResponse(lineOf(status), headers);
        const isBodiless = isEmpty || body === null || environ.REQUEST_METHOD === "HEAD";
        return this.#over(isBodiless ? [] : [body]);
      }
      if (Array.isArray(body) && !isEmpty && !response.hasLength()) {
        const length = (body as Bytes[]).reduce((sum, chunk) => sum + chunk.length, 0);
        headers.push(["Content-Length", String(length)]);
      }
      startResponse(lineOf(status), headers);
      if (!isEmpty && environ.REQUEST_METHOD !== "HEAD") return this.#streamed(body);
    } catch (error) {
      response.discard();
      throw error;
    }
    response.discard();
    return this.#over([]);
  }

  /** The request is over with this body. */
  #over(body: WSGIBody): WSGIBody | Promise<WSGIBody> {
    if (this.#chain.teardown.length === 0) return body;
    const done = this.#teardown();
    return isPromise(done) ? done.then(() => body) : body;
  }

  /** The request is over when the stream is: a generator that still works when its reader leaves ends first. */
  #streamed(body: WSGIBody): WSGIBody {
    if (this.#chain.teardown.length === 0) return body;
    let reading: Iterator<Bytes> | AsyncIterator<Bytes> | null = null;
    const close = async (): Promise<void> => {
      try {
        await reading?.return?.();
        await body.close?.();
      } finally {
        await this.#teardown();
      }
    };
    if (Symbol.asyncIterator in body) {
      return { [Symbol.asyncIterator]: () => this.#watchedAsync((reading = body[Symbol.asyncIterator]())), close };
    }
    return { [Symbol.iterator]: () => this.#watched((reading = body[Symbol.iterator]())), close };
  }

  /** Remembers what a stream throws, for the teardown hooks. */
  #watched(chunks: Iterator<Bytes>): Iterator<Bytes> {
    return {
      next: () => {
        try {
          return chunks.next();
        } catch (error) {
          this.#failure ??= error;
          throw error;
        }
      },
      return: () => chunks.return?.() ?? { done: true, value: undefined },
    };
  }

  #watchedAsync(chunks: AsyncIterator<Bytes>): AsyncIterator<Bytes> {
    return {
      next: async () => {
        try {
          return await chunks.next();
        } catch (error) {
          this.#failure ??= error;
          throw error;
        }
      },
      return: async () => (await chunks.return?.()) ?? { done: true, value: undefined },
    };
  }

  #rethrown(error: unknown): never | Promise<never> {
    this.#failure ??= error;
    const done = this.#teardown();
    if (!isPromise(done)) throw error;
    return done.then(() => {
      throw error;
    });
  }

  /** Runs each hook, whatever the others do. */
  #teardown(): void | Promise<void> {
    const pending: Promise<void>[] = [];
    for (const hook of this.#chain.teardown) {
      try {
        const done = hook(this.#failure, this.#request);
        if (isPromise(done)) pending.push(done.catch((error: unknown) => this.#log(error)));
      } catch (error) {
        this.#log(error);
      }
    }
    return pending.length === 0 ? undefined : Promise.all(pending).then(() => undefined);
  }

  #log(thrown: unknown): void {
    const { environ, id } = this.#request;
    const where = escapeText(`${environ.REQUEST_METHOD} ${environ.SCRIPT_NAME}${environ.PATH_INFO}`);
    const name = id === "" ? "" : ` (${escapeText(id)})`;
    environ["wsgi.errors"].write(`Error handling ${where}${name}: ${errorText(asError(thrown))}\n`);
  }
}

/** Passes a value on: at once, or when its promise is fulfilled. */
function next<Value, Result>(value: Later<Value>, then: (value: Value) => Later<Result>): Later<Result> {
  return isPromise(value) ? value.then(then) : then(value);
}

/** Calls a function; what it throws, now or later, goes to the other one. */
function attempt<Result>(action: () => Later<Result>, fail: (error: unknown) => Later<Result>): Later<Result> {
  try {
    const result = action();
    return isPromise(result) ? result.catch(fail) : result;
  } catch (error) {
    return fail(error);
  }
}

function isNothing(result: unknown): result is null | undefined {
  return result === undefined || result === null;
}

/** A hook may give another response; the body of the old one is let go. */
function replaced(old: Response, result: unknown): Response {
  if (!(result instanceof Response) || result === old) return old;
  if (result.body !== old.body) old.discard();
  return result;
}

function classHandler(handlers: ReadonlyMap<unknown, ErrorHandler> | undefined, failure: unknown): ErrorHandler | null {
  if (handlers === undefined || handlers.size === 0 || typeof failure !== "object" || failure === null) return null;
  for (
    let prototype: unknown = Object.getPrototypeOf(failure);
    prototype !== null;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    const handler = handlers.get((prototype as { readonly constructor?: unknown }).constructor);
    if (handler !== undefined) return handler;
  }
  return null;
}

const lines = new Map<number, string>();

/** @throws RangeError for a status that is none */
function lineOf(status: number): string {
  let line = lines.get(status);
  if (line === undefined) {
    if (!Number.isInteger(status) || status < 100 || status > 999) throw new RangeError(`Status ${status} is none`);
    line = statusLine(status);
    lines.set(status, line);
  }
  return line;
}
