// The one range of a Range header. Source: RFC 9110 sections 14.1.2, 14.2 and 13.1.5 (If-Range).
import type { WSGIEnvironment } from "../../wsgi/types.ts";
import { parseHttpDate, type Validators } from "../conditional-get.ts";

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
 * file, once. So are ranges in other units, malformed ones, and those of a version that is not the present one.
 *
 * @param size - of the file, in bytes
 * @returns the part; "unsatisfiable" when it begins after the end; null for the whole file
 */
export function requestedRange(
  environ: WSGIEnvironment,
  size: number,
  validators: Validators,
): ByteRange | "unsatisfiable" | null {
  const header = environ["HTTP_RANGE"];
  if (typeof header !== "string" || environ.REQUEST_METHOD !== "GET") return null;
  const [matched, from, to, suffix] = SINGLE.exec(header.trim()) ?? [];
  if (matched === undefined || !isPresentVersion(environ["HTTP_IF_RANGE"], validators)) return null;
  if (suffix !== undefined) {
    const length = Math.min(Number(suffix), size);
    return length === 0 ? "unsatisfiable" : { first: size - length, last: size - 1 };
  }
  const first = Number(from);
  const last = to === undefined || to === "" ? size - 1 : Math.min(Number(to), size - 1);
  if (to !== undefined && to !== "" && Number(to) < first) return null;
  return first >= size ? "unsatisfiable" : { first, last };
}

/** If-Range compares strongly, and dates exactly. */
function isPresentVersion(ifRange: unknown, { etag, lastModified }: Validators): boolean {
  if (typeof ifRange !== "string") return true;
  const wanted = ifRange.trim();
  if (wanted.includes('"')) return etag !== null && !etag.startsWith("W/") && wanted === etag;
  const time = parseHttpDate(wanted);
  return time !== null && lastModified !== null && time === parseHttpDate(lastModified);
}
