// Errors that are answers: their status, and a sentence for the client. Source: RFC 9110 section 15; RFC 9457 (problem+json); Werkzeug's
// exceptions for the names.
import { TSGIError } from "../errors.ts";
import { reasonOf } from "../reason-phrase.ts";
import type { HeaderList } from "../wsgi/types.ts";
import { FrameworkError } from "./errors.ts";

/** What an {@link HTTPError} has beside its status. */
export interface HTTPErrorOptions extends ErrorOptions {
  readonly headers?: Readonly<HeaderList>;
  /** Further members of problem+json. */
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** Ends a request with an error status; thrown by `abort`, and what error handlers get. */
export class HTTPError extends TSGIError {
  readonly status: number;
  /** A sentence for the client; empty when the status says it all. */
  readonly detail: string;
  readonly headers: Readonly<HeaderList>;
  readonly extensions: Readonly<Record<string, unknown>>;

  /** @throws FrameworkError for a status that is no error */
  constructor(status: number, detail = "", options: HTTPErrorOptions = {}) {
    const { headers = [], extensions = {}, ...rest } = options;
    const title = reasonOf(status);
    super(status < 500 ? "remote" : "internal", "ERR_TSGI_HTTP", detail === "" ? title : `${title}: ${detail}`, rest);
    if (!Number.isInteger(status) || status < 400 || status > 599) {
      throw new FrameworkError(`Status ${status} is no error; expected one from 400 to 599`);
    }
    this.status = status;
    this.detail = detail;
    this.headers = headers;
    this.extensions = extensions;
  }

  /** The reason of the status, such as "Not Found". */
  get title(): string {
    return reasonOf(this.status);
  }
}

/** 400 */
export class BadRequest extends HTTPError {
  constructor(detail?: string, options?: HTTPErrorOptions) {
    super(400, detail, options);
  }
}

/** 401; its header WWW-Authenticate says how to log in. */
export class Unauthorized extends HTTPError {
  constructor(detail?: string, options?: HTTPErrorOptions) {
    super(401, detail, options);
  }
}

/** 403 */
export class Forbidden extends HTTPError {
  constructor(detail?: string, options?: HTTPErrorOptions) {
    super(403, detail, options);
  }
}

/** 404 */
export class NotFound extends HTTPError {
  constructor(detail?: string, options?: HTTPErrorOptions) {
    super(404, detail, options);
  }
}

/** 405 */
export class MethodNotAllowed extends HTTPError {
  readonly allowed: readonly string[];

  /** @param allowed - the methods that there are, for the header Allow */
  constructor(allowed: readonly string[] = [], detail?: string) {
    super(405, detail, { headers: [["Allow", allowed.join(", ")]] });
    this.allowed = allowed;
  }
}

/** 409 */
export class Conflict extends HTTPError {
  constructor(detail?: string, options?: HTTPErrorOptions) {
    super(409, detail, options);
  }
}

/** 415 */
export class UnsupportedMediaType extends HTTPError {
  constructor(detail?: string, options?: HTTPErrorOptions) {
    super(415, detail, options);
  }
}

/** 500; what was thrown is its `cause`. */
export class InternalServerError extends HTTPError {
  constructor(detail?: string, options?: HTTPErrorOptions) {
    super(500, detail, options);
  }
}

const CLASSES: ReadonlyMap<number, new (detail?: string, options?: HTTPErrorOptions) => HTTPError> = new Map([
  [400, BadRequest],
  [401, Unauthorized],
  [403, Forbidden],
  [404, NotFound],
  [409, Conflict],
  [415, UnsupportedMediaType],
  [500, InternalServerError],
]);

/**
 * Ends the request with an error status.
 *
 * @param status - from 400 to 599
 * @param detail - a sentence for the client
 * @throws HTTPError always, of the class of the status
 * @example
 * const user = users.get(id) ?? abort(404, "There is no such user");
 */
export function abort(status: number, detail?: string, options?: HTTPErrorOptions): never {
  throw httpError(status, detail, options);
}

/** Gives the error of a status. */
export function httpError(status: number, detail?: string, options?: HTTPErrorOptions): HTTPError {
  if (status === 405 && options === undefined) return new MethodNotAllowed([], detail);
  const ErrorClass = CLASSES.get(status);
  return ErrorClass === undefined ? new HTTPError(status, detail, options) : new ErrorClass(detail, options);
}
