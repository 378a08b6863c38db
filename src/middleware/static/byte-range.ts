// The one range of a Range header. Source: RFC 9110 sections 14.1.2, 14.2 and 13.1.5 (If-Range).
import type { WSGIEnvironment } from "../../wsgi/types.ts";

/** First and last byte of a part, both included. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

const SINGLE = /^bytes\s*=\s*(?:(\d+)-(\d*)|-(\d+))$/i;

/**
 * Reads the range that a request asks for.
 *
 * Several ranges are answered as none, which a server may always do (section 14.2): overlapping ranges then cost no more than the whole
 * file, once. So are ranges in other units, malformed ones, those of a version that is not the present one, and any of an empty file, of which
 * there is no part to name: clients that always ask for a range would see an error.
 *
 * @param size - of the file, in bytes
 * @param etag - of the file
 * @returns the part; "unsatisfiable" when it begins after the end; null for the whole file
 */
export function requestedRange(
  environ: WSGIEnvironment,
  size: number,
  etag: string | null,
): ByteRange | "unsatisfiable" | null {
  const header = environ["HTTP_RANGE"];
  if (typeof header !== "string" || environ.REQUEST_METHOD !== "GET" || size === 0) return null;
  const [matched, from, to, suffix] = SINGLE.exec(header.trim()) ?? [];
  if (matched === undefined || !isPresentVersion(environ["HTTP_IF_RANGE"], etag)) return null;
  if (suffix !== undefined) {
    const length = Math.min(Number(suffix), size);
    return length === 0 ? "unsatisfiable" : { first: size - length, last: size - 1 };
  }
  const first = Number(from);
  const last = to === undefined || to === "" ? size - 1 : Math.min(Number(to), size - 1);
  if (to !== undefined && to !== "" && Number(to) < first) return null;
  return first >= size ? "unsatisfiable" : { first, last };
}

/** If-Range compares strongly, which no date can: files of a build, or of one second, may share it (section 8.8.2.2). */
function isPresentVersion(ifRange: unknown, etag: string | null): boolean {
  return typeof ifRange !== "string" || (etag !== null && !etag.startsWith("W/") && ifRange.trim() === etag);
}
