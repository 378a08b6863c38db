// Decodes compressed bodies of requests. Source: RFC 9110 sections 8.4 (codings), 12.5.3 (Accept-Encoding in a response), 15.5.14 (413) and
// 15.5.16 (415); Apache's mod_deflate for the limits.
import type { Middleware, WSGIBody, WSGIEnvironment } from "../wsgi/types.ts";
import { WSGIInputStream } from "../wsgi/input-stream.ts";
import { sendAnswer, type Answer } from "./writing/answer.ts";
import { withClose } from "./writing/body-close.ts";
import { isPromise } from "../wsgi/is-promise.ts";
import { DecodedBody, type DecodingLimits } from "./decompress/decoded-body.ts";
import { hasDecoder, REQUEST_CODINGS, type RequestCoding } from "./decompress/decoders.ts";
import { MiddlewareOptionError } from "./errors.ts";
import { bytes, decimal, fromSection, within, words, type Configuration } from "./writing/options.ts";

const DEFAULT_MAX_BYTES = 10_485_760;
const DEFAULT_MAX_RATIO = 200;

/** Hold for the body as it was sent. */
const OF_THE_BYTES = [
  "CONTENT_LENGTH",
  "HTTP_CONTENT_ENCODING",
  "HTTP_CONTENT_DIGEST",
  "HTTP_CONTENT_MD5",
  "HTTP_DIGEST",
  "HTTP_REPR_DIGEST",
];

/** Which bodies to decode, and how large they may become. */
export interface DecompressOptions {
  /** Codings to accept; zstd is left out if Node lacks it. @default ["gzip", "deflate", "br", "zstd"] */
  readonly codings?: readonly RequestCoding[];
  /** Maximum size of a decoded body, in bytes. @default 10485760 */
  readonly maxBytes?: number;
  /** Maximum ratio of decoded to encoded size, for decoded bodies of more than a megabyte. @default 200 */
  readonly maxRatio?: number;
}

/**
 * Decodes the body of a request with Content-Encoding while the application reads it. An unsupported coding, or more than one, gets 415
 * with the supported codings; a body that grows too large gets 413; one that cannot be decoded gets 400. The latter two are errors of
 * `wsgi.input`, because they show only when it is read. An application that does not catch them need not handle them.
 *
 * The length is no longer known: CONTENT_LENGTH and digests are removed from the environ, and `wsgi.input_terminated` says that the body
 * ends by itself.
 *
 * In a pipeline: inside of `bodyLimit` (which counts what is sent) and of access control, outside of everything that reads bodies.
 *
 * @throws MiddlewareOptionError for an unknown coding, or a limit that is not positive
 * @example
 * const application = decompress({ maxBytes: 1_048_576 })(inner);
 */
export function decompress(options: DecompressOptions = {}): Middleware {
  const { maxBytes = DEFAULT_MAX_BYTES, maxRatio = DEFAULT_MAX_RATIO } = options;
  const limits: DecodingLimits = {
    maxBytes: within(maxBytes, "maxBytes", 1),
    maxRatio: within(maxRatio, "maxRatio", 1),
  };
  const codings = codingsOf(options.codings ?? REQUEST_CODINGS);
  const unsupported: Answer = {
    status: 415,
    text: `Send the body in one of the codings ${codings.join(", ")}, or in none`,
    headers: [["Accept-Encoding", codings.join(", ")]],
  };
  const tooLarge: Answer = { status: 413, text: `The request body is longer than ${maxBytes} bytes` };
  return function decompressMiddleware(application) {
    return function decompressed(environ, startResponse) {
      const name = codingOf(environ);
      if (name === "" || !hasBody(environ)) return application(environ, startResponse);
      const coding = codings.find((each) => each === name);
      if (coding === undefined) return sendAnswer(environ, startResponse, unsupported);
      if (Number(environ.CONTENT_LENGTH ?? 0) > maxBytes) return sendAnswer(environ, startResponse, tooLarge);
      const decoded = new DecodedBody(environ["wsgi.input"], coding, limits);
      for (const key of OF_THE_BYTES) delete environ[key];
      environ["wsgi.input"] = new WSGIInputStream(decoded);
      environ["wsgi.input_terminated"] = true;
      const end = (): void => decoded.end();
      const failed = (error: unknown): never => {
        end();
        throw error;
      };
      try {
        const body: WSGIBody | Promise<WSGIBody> = application(environ, startResponse);
        return isPromise(body) ? body.then((settled) => withClose(settled, end), failed) : withClose(body, end);
      } catch (error) {
        return failed(error);
      }
    };
  };
}

/** For INI files: `use = egg:tsgi#decompress`, with the keys of {@link DecompressOptions}. */
export function filterFactory(_globalConf: Configuration, localConf: Configuration): Middleware {
  return fromSection<DecompressOptions>(decompress, localConf, {
    codings: words as (value: string) => RequestCoding[], // the factory checks them
    maxBytes: bytes,
    maxRatio: decimal,
  });
}

/** The coding of the body; empty for none. `x-gzip` is an old name of gzip (RFC 9110 section 8.4.1.3). */
function codingOf(environ: WSGIEnvironment): string {
  const header = environ["HTTP_CONTENT_ENCODING"];
  const name = typeof header === "string" ? header.trim().toLowerCase() : "";
  if (name === "identity") return "";
  return name === "x-gzip" ? "gzip" : name;
}

function hasBody(environ: WSGIEnvironment): boolean {
  const { CONTENT_LENGTH: length } = environ;
  return length === undefined || length === "" ? environ["wsgi.input_terminated"] === true : Number(length) > 0;
}

function codingsOf(names: readonly RequestCoding[]): readonly RequestCoding[] {
  const unknown = names.find((name) => !REQUEST_CODINGS.includes(name));
  if (unknown !== undefined || names.length === 0) {
    const expected = REQUEST_CODINGS.map((name) => `"${name}"`).join(", ");
    throw new MiddlewareOptionError(`Option "codings" names "${unknown ?? ""}"; expected some of ${expected}`);
  }
  return names.filter(hasDecoder);
}
