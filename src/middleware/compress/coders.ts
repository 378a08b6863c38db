// The content codings of zlib, one table: whole bodies at once, long ones as a stream. Source: RFC 1952 (gzip), RFC 7932 (br), RFC 8878
// (zstd, which zlib has since Node 22.15 and 23.8).
import * as zlib from "node:zlib";
import type { Transform } from "node:stream";
import type { Bytes } from "../../wsgi/types.ts";
import type { ContentCoding } from "../writing/accept-encoding.ts";

/** A stream of zlib; `flush` gives out what was taken in so far. */
export type CodingStream = Transform & Pick<zlib.Zlib, "flush">;

/** One content coding. */
export interface Coder {
  encode(body: Bytes): Bytes;
  stream(): CodingStream;
}

/** What zlib has in newer Node only. */
interface ZstdFunctions {
  readonly zstdCompressSync?: (body: Bytes, options: object) => Buffer;
  readonly createZstdCompress?: (options: object) => CodingStream;
}

const { constants } = zlib;
const { zstdCompressSync, createZstdCompress } = zlib as ZstdFunctions;

/** Levels of effort, each coding's own scale, chosen for answers that are compressed while somebody waits. */
export type CodingLevels = Readonly<Partial<Record<ContentCoding, number>>>;

/** Least, most and default level. */
export const LEVELS: Readonly<Record<ContentCoding, readonly [least: number, most: number, usual: number]>> = {
  br: [0, 11, 4],
  gzip: [1, 9, 6],
  zstd: [1, 22, 3],
};

/** Tells whether this Node has a coding. */
export function hasCoding(coding: ContentCoding): boolean {
  return coding !== "zstd" || (zstdCompressSync !== undefined && createZstdCompress !== undefined);
}

/** Gives a coder for a coding that {@link hasCoding}. */
export function coderOf(coding: ContentCoding, level: number = LEVELS[coding][2]): Coder {
  switch (coding) {
    case "gzip":
      return { encode: (body) => zlib.gzipSync(body, { level }), stream: () => zlib.createGzip({ level }) };
    case "br": {
      const params = { [constants.BROTLI_PARAM_QUALITY]: level };
      return {
        encode: (body) =>
          zlib.brotliCompressSync(body, { params: { ...params, [constants.BROTLI_PARAM_SIZE_HINT]: body.length } }),
        stream: () => zlib.createBrotliCompress({ params }),
      };
    }
    case "zstd": {
      // ZSTD_c_compressionLevel; the types of Node 20 do not name it.
      const params = { params: { 100: level } };
      return {
        encode: (body) => (zstdCompressSync as NonNullable<typeof zstdCompressSync>)(body, params), // hasCoding
        stream: () => (createZstdCompress as NonNullable<typeof createZstdCompress>)(params), // hasCoding
      };
    }
  }
}
