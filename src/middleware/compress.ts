// Compresses responses for clients that can take it. Source: RFC 9110 sections 8.4, 12.5.3 and 8.8.3.3 (tags of encoded content);
// Rack's Deflater.
//
// A short body in an array stays one array of one chunk and is compressed at once: up to 32 KB that costs less CPU time than handing it
// to the thread pool. Longer ones, and bodies that come bit by bit, go through a stream.
import type { Bytes, HeaderList, Middleware, WSGIEnvironment } from "../wsgi/types.ts";
import { negotiateCoding, type ContentCoding } from "./writing/accept-encoding.ts";
import { coderOf, hasCoding, LEVELS, type Coder, type CodingLevels } from "./compress/coders.ts";
import { encodeStream } from "./compress/encode-stream.ts";
import { matchesEtag } from "./conditional-get.ts";
import { MiddlewareOptionError } from "./errors.ts";
import { addVary, findHeader, setHeader } from "./writing/header-fields.ts";
import { head } from "./head.ts";
import { bytes, integer, fromSection, text, within, words, type Configuration } from "./writing/options.ts";
import { replaceResponse, type BodyChange, type ResponseHead } from "./writing/replace-response.ts";

const CODINGS = ["zstd", "br", "gzip"] as const satisfies readonly ContentCoding[];
const DEFAULT_MIN_BYTES = 1024;
const SYNC_BYTES = 32_768;
const COMPRESSIBLE =
  /^(?:text\/|application\/(?:[^;]*\+)?(?:json|xml|javascript|wasm|x-ndjson|x-javascript|manifest)|application\/(?:graphql|rtf|toml|yaml|sql|vnd\.ms-fontobject|x-www-form-urlencoded|x-sh|x-tar)|font\/(?:otf|ttf|collection)|image\/(?:svg\+xml|bmp|x-icon|vnd\.microsoft\.icon)|model\/gltf\+json)/i;

/** What to compress, and how. */
export interface CompressOptions {
  /** Codings to offer, the best first; zstd is left out if Node lacks it. @default ["zstd", "br", "gzip"] */
  readonly codings?: readonly ContentCoding[];
  /** Bodies shorter than this are not compressed, if the length is known. @default 1024 */
  readonly minBytes?: number;
  /** Effort of gzip, 1 to 9. @default 6 */
  readonly gzipLevel?: number;
  /** Effort of brotli, 0 to 11. @default 4 */
  readonly brotliLevel?: number;
  /** Effort of zstd, 1 to 22. @default 3 */
  readonly zstdLevel?: number;
  /** Regular expression for the media types to compress. @default text, JSON, XML, JavaScript, fonts, SVG and the like */
  readonly types?: string;
}

/**
 * Compresses the body if the client accepts it, its type is compressible and it is not too short. A response that is already encoded,
 * partial, or marked `no-transform` passes unchanged. A strong ETag becomes weak. Vary names Accept-Encoding in any case.
 *
 * Do not compress a page that contains both a secret and text that the client sent (the BREACH attack): mark it `Cache-Control: no-transform`.
 *
 * The application sees GET instead of HEAD, because the headers of GET depend on the body. The body is not read further.
 *
 * In a pipeline: inside of `conditionalGet` and `responseCache`, outside of `etag` and of everything that reads or changes bodies.
 *
 * @throws MiddlewareOptionError for an unknown coding, a level out of range, or a wrong expression
 */
export function compress(options: CompressOptions = {}): Middleware {
  const { minBytes = DEFAULT_MIN_BYTES } = options;
  within(minBytes, "minBytes", 0);
  const types = typesOf(options.types);
  const coders = codersOf(options);
  const codings = [...coders.keys()];
  return function compressMiddleware(application) {
    // Only its body tells whether a response is encoded, so that HEAD is asked as GET: mod_wsgi does so too where filters follow it.
    return head()(function compressed(environ, startResponse) {
      return replaceResponse(application, environ, startResponse, (response) => {
        if (response.status.startsWith("304")) markUnchanged(environ, response, codings);
        if (!isCompressible(response, types, minBytes)) return null;
        addVary(response.headers, "Accept-Encoding");
        const coding = negotiateCoding(environ, codings);
        return coding === null ? null : compression(response, coding, coders.get(coding) as Coder, minBytes); // one of its keys
      });
    });
  };
}

/** For INI files: `use = egg:tsgi#compress`, with the keys of {@link CompressOptions}. */
export function filterFactory(_globalConf: Configuration, localConf: Configuration): Middleware {
  return fromSection<CompressOptions>(compress, localConf, {
    codings: words as (value: string) => ContentCoding[], // the factory checks them
    minBytes: bytes,
    gzipLevel: integer,
    brotliLevel: integer,
    zstdLevel: integer,
    types: text,
  });
}

function compression({ headers }: ResponseHead, coding: ContentCoding, coder: Coder, minBytes: number): BodyChange {
  return {
    kind: "whole",
    whole(body: Bytes) {
      if (body.length < minBytes) return body;
      if (body.length > SYNC_BYTES) return null;
      const encoded = coder.encode(body);
      if (encoded.length >= body.length) return body;
      setHeader(headers, "Content-Encoding", coding);
      return encoded;
    },
    stream(chunks) {
      setHeader(headers, "Content-Encoding", coding);
      return encodeStream(chunks, coder);
    },
  };
}

function isCompressible({ status, headers }: ResponseHead, types: RegExp, minBytes: number): boolean {
  // Without content, or with a part of it that the client will join to other parts.
  if (/^(?:1|204|205|206|304)/.test(status)) return false;
  const length = findHeader(headers, "content-length");
  if (length !== null && Number(length) < minBytes) return false;
  if (!types.test(findHeader(headers, "content-type") ?? "")) return false;
  if ((findHeader(headers, "content-encoding") ?? "identity").toLowerCase() !== "identity") return false;
  return mayBeTransformed(headers);
}

/** A 304 has the Vary and the ETag of its 200 (RFC 9110 section 15.4.5), which was encoded, unless the client says that it was not. */
function markUnchanged(environ: WSGIEnvironment, { headers }: ResponseHead, codings: readonly ContentCoding[]): void {
  if (!mayBeTransformed(headers)) return;
  addVary(headers, "Accept-Encoding");
  const tag = findHeader(headers, "etag");
  if (tag === null || tag.startsWith("W/") || negotiateCoding(environ, codings) === null) return;
  const known = environ["HTTP_IF_NONE_MATCH"];
  if (typeof known !== "string" || !matchesEtag(known, tag, "strong")) setHeader(headers, "ETag", `W/${tag}`);
}

function mayBeTransformed(headers: HeaderList): boolean {
  return !/\bno-transform\b/i.test(findHeader(headers, "cache-control") ?? "");
}

function codersOf(options: CompressOptions): ReadonlyMap<ContentCoding, Coder> {
  const levels: CodingLevels = {
    ...(options.gzipLevel === undefined ? {} : { gzip: options.gzipLevel }),
    ...(options.brotliLevel === undefined ? {} : { br: options.brotliLevel }),
    ...(options.zstdLevel === undefined ? {} : { zstd: options.zstdLevel }),
  };
  const coders = new Map<ContentCoding, Coder>();
  for (const coding of options.codings ?? CODINGS) {
    if (!CODINGS.includes(coding)) {
      throw new MiddlewareOptionError(`Option "codings" names "${coding}"; expected "zstd", "br" or "gzip"`);
    }
    const [least, most, usual] = LEVELS[coding];
    const level = within(levels[coding] ?? usual, coding === "br" ? "brotli_level" : `${coding}_level`, least, most);
    if (hasCoding(coding)) coders.set(coding, coderOf(coding, level));
  }
  return coders;
}

function typesOf(source: string | undefined): RegExp {
  if (source === undefined) return COMPRESSIBLE;
  try {
    return new RegExp(source, "i");
  } catch (cause) {
    throw new MiddlewareOptionError(`Option "types" is "${source}"; expected a regular expression`, { cause });
  }
}
