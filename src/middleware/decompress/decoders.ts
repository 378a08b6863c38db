// The decoders of zlib for bodies of requests. Source: RFC 1950 to 1952 (zlib, deflate, gzip), RFC 7932 (br), RFC 8878 and 9659 (zstd, which
// zlib has since Node 22.15 and 23.8).
import type { Transform } from "node:stream";
import * as zlib from "node:zlib";
import type { Bytes } from "../../wsgi/types.ts";

/** Content codings that a body of a request may have here, the most usual first. */
export const REQUEST_CODINGS = ["gzip", "deflate", "br", "zstd"] as const;

/** One of {@link REQUEST_CODINGS}. */
export type RequestCoding = (typeof REQUEST_CODINGS)[number];

/** What zlib has in newer Node only. */
interface ZstdFunctions {
  readonly createZstdDecompress?: (options: object) => Transform;
}

const { createZstdDecompress } = zlib as ZstdFunctions;

/** ZSTD_d_windowLogMax; the types of Node 20 do not name it. */
const ZSTD_WINDOW_LOG_MAX = 100;
/** 8 MiB, more than which no sender may ask for (RFC 9659); zlib itself would take 128. */
const ZSTD_WINDOW_LOG = 23;

/** Tells whether this Node has the decoder of a coding. */
export function hasDecoder(coding: RequestCoding): boolean {
  return coding !== "zstd" || createZstdDecompress !== undefined;
}

/**
 * Gives the decoder of a coding that {@link hasDecoder}.
 *
 * @param first - the first bytes of the body: many senders of `deflate` leave the header of zlib out
 */
export function decoderOf(coding: RequestCoding, first: Bytes): Transform {
  switch (coding) {
    case "gzip":
      return zlib.createGunzip();
    case "deflate":
      return ((first[0] ?? 0) & 0x0f) === 8 ? zlib.createInflate() : zlib.createInflateRaw();
    case "br":
      return zlib.createBrotliDecompress();
    case "zstd":
      return (createZstdDecompress as NonNullable<typeof createZstdDecompress>)({
        params: { [ZSTD_WINDOW_LOG_MAX]: ZSTD_WINDOW_LOG },
      }); // hasDecoder
  }
}
