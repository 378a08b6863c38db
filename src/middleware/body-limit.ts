// Refuses requests whose body is larger than allowed: at once when Content-Length says so, otherwise as soon as too much was read.
// Source: RFC 9110 section 15.5.14; RFC 9112 section 6 for the lengths.
import { TSGIError } from "../errors.ts";
import type { Bytes, InputStream, Middleware, StartResponse, WSGIBody, WSGIEnvironment } from "../wsgi/types.ts";
import { nextChunk, WSGIInputStream } from "../wsgi/input-stream.ts";
import { sendAnswer } from "./writing/answer.ts";
import { isPromise } from "../wsgi/is-promise.ts";
import { bytes, type Configuration, fromSection, required, within } from "./writing/options.ts";

/** Options of {@link bodyLimit}. */
export interface BodyLimitOptions {
  /** Maximum size of a body, in bytes. */
  readonly maxBytes: number;
}

/** Thrown by reads of `wsgi.input` when the body is larger than allowed. Becomes 413 if nobody catches it and nothing was sent. */
export class BodyTooLarge extends TSGIError {
  readonly status = 413;

  /** @param maxBytes - how many were allowed */
  constructor(maxBytes: number) {
    super("remote", "ERR_TSGI_BODY_TOO_LARGE", `The request body is longer than ${maxBytes} bytes`);
  }
}

const BLOCK_BYTES = 65_536;

/**
 * Answers 413 to requests whose body is too large.
 *
 * In a pipeline: before what reads bodies.
 *
 * @throws MiddlewareOptionError when the limit is missing or negative
 * @example
 * const application = bodyLimit({ maxBytes: 1_048_576 })(inner);
 */
export function bodyLimit(options: BodyLimitOptions): Middleware {
  const maxBytes = within(required(options.maxBytes, "maxBytes", "a number of bytes"), "maxBytes", 0);
  const refuse = (
    environ: WSGIEnvironment,
    startResponse: StartResponse,
    text = `The request body is longer than ${maxBytes} bytes`,
  ): WSGIBody => sendAnswer(environ, startResponse, { status: 413, text });

  return function bodyLimitMiddleware(application) {
    return function limitBody(environ, startResponse) {
      const { CONTENT_LENGTH: length } = environ;
      if (length !== undefined && length !== "") {
        return Number(length) <= maxBytes ? application(environ, startResponse) : refuse(environ, startResponse);
      }
      if (environ["wsgi.input_terminated"] !== true) return application(environ, startResponse); // no length, no body
      environ["wsgi.input"] = limited(environ["wsgi.input"], maxBytes);
      let isStarted = false;
      const start: StartResponse = (status, headers, excInfo) => {
        isStarted = true;
        return startResponse(status, headers, excInfo);
      };
      const body = application(environ, start);
      if (!isPromise(body)) return body;
      return body.catch((error: unknown) => {
        if (error instanceof BodyTooLarge && !isStarted) return refuse(environ, startResponse, error.message);
        throw error;
      });
    };
  };
}

/** The filter `egg:tsgi#body-limit`: `max_bytes`, such as `1048576` or `1m`. */
export function filterFactory(_globalConf: Configuration, localConf: Configuration): Middleware {
  return fromSection<BodyLimitOptions>(bodyLimit, localConf, { maxBytes: bytes });
}

function limited(input: InputStream, maxBytes: number): InputStream {
  let readBytes = 0;
  return new WSGIInputStream({
    async pull(): Promise<Bytes | null> {
      const size = Math.min(BLOCK_BYTES, maxBytes - readBytes + 1);
      // Our own streams give what is there; read() of any other waits for the whole block.
      const chunk = await nextChunk(input, size);
      readBytes += chunk.length;
      if (readBytes > maxBytes) throw new BodyTooLarge(maxBytes);
      return chunk.length === 0 ? null : chunk;
    },
  });
}
