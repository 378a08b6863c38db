// What a whole head must fulfil, once its last line is there: host, framing, persistence, expectations. Where two servers could decide
// differently, the request is refused. Source: RFC 9112 sections 3.2, 6, 9.3; RFC 9110 sections 7.2, 8.6, 10.1.1.
import { MAX_LENGTH_DIGITS, readContentLength } from "./content-length.ts";
import { ProtocolError } from "./errors.ts";
import { listOf, TOKEN } from "./grammar.ts";
import { isHost } from "./host.ts";

/**
 * Checks the Host field (RFC 9112 section 3.2). An empty one names no host.
 *
 * @param host - null when there is none
 * @throws ProtocolError 400
 */
export function checkHost(host: string | null, minor: number): void {
  if (host === null) {
    if (minor === 1) throw new ProtocolError(400, "ERR_HTTP_HOST", "The Host header is missing");
  } else if (host !== "" && !isHost(host)) {
    throw new ProtocolError(400, "ERR_HTTP_HOST", "The Host header is not of the form 'name' or 'name:port'");
  }
}

/**
 * Reads Content-Length.
 *
 * @throws ProtocolError 400, or 413 for a number that cannot be counted
 */
export function parseContentLength(value: string): number {
  const length = readContentLength(value);
  if (Number.isNaN(length))
    throw new ProtocolError(400, "ERR_HTTP_CONTENT_LENGTH", "Content-Length is not made of decimal digits only");
  if (length === Number.POSITIVE_INFINITY)
    throw new ProtocolError(413, "ERR_HTTP_BODY_TOO_LARGE", `Content-Length has more than ${MAX_LENGTH_DIGITS} digits`);
  return length;
}

/**
 * Checks that a request with Transfer-Encoding is chunked and nothing else (RFC 9112 section 6.1), with every choice made for refusal
 * (CVE-2019-15605, CVE-2022-32213, CVE-2024-1135, CVE-2024-6827).
 *
 * @param contentLength - -1 when there is none
 * @throws ProtocolError 400, or 501 for a coding that is not known
 */
export function checkTransferEncoding(value: string, minor: number, contentLength: number): void {
  if (minor === 0)
    throw new ProtocolError(400, "ERR_HTTP_FRAMING", "An HTTP/1.0 request has a Transfer-Encoding header");
  if (contentLength !== -1)
    throw new ProtocolError(400, "ERR_HTTP_FRAMING", "The request has both Content-Length and Transfer-Encoding");
  if (value.toLowerCase() !== "chunked") throw badTransferEncoding(value);
}

/** Whether the sender of a message, a client or a server, wants its connection to go on (RFC 9112 section 9.3). */
export function wantsKeepAlive(connection: string | null, minor: number): boolean {
  if (connection === null) return minor === 1;
  const options = listOf(connection);
  if (options.includes("close")) return false;
  return minor === 1 || options.includes("keep-alive");
}

/** @throws ProtocolError 417 for anything but `100-continue` (RFC 9110 section 10.1.1) */
export function checkExpectation(value: string): void {
  if (value.toLowerCase() === "100-continue") return;
  throw new ProtocolError(
    417,
    "ERR_HTTP_EXPECTATION",
    "The Expect header asks for something other than '100-continue'",
  );
}

/** 501 for codings that we do not know, 400 for lists in which `chunked` is not the only and last one. */
function badTransferEncoding(value: string): ProtocolError {
  const codings = listOf(value);
  const isUnknown = codings.every((coding) => TOKEN.test(coding)) && codings.some((coding) => coding !== "chunked");
  const isChunkedLast = codings.at(-1) === "chunked" && codings.indexOf("chunked") === codings.length - 1;
  if (isUnknown && (isChunkedLast || !codings.includes("chunked"))) {
    return new ProtocolError(501, "ERR_HTTP_TRANSFER_CODING", "Transfer-Encoding names a coding other than 'chunked'");
  }
  return new ProtocolError(400, "ERR_HTTP_FRAMING", "Transfer-Encoding is not exactly 'chunked'");
}
