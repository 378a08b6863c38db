// What can be wrong with the head of a request, in words for the log. Source: RFC 9110 section 15.5, RFC 6585 section 5.
import { ProtocolError } from "./errors.ts";
import { NOT_FIELD_VALUE, TOKEN } from "./grammar.ts";

const MAX_METHOD_LENGTH = 32;
const VERSION = /^HTTP\/[0-9]\.[0-9]$/;

/** A byte that no line of a head may hold, or a line end that is none. */
export function badByte(): ProtocolError {
  return new ProtocolError(
    400,
    "ERR_HTTP_BAD_BYTE",
    "A line of the request head contains a control character or does not end in CR LF",
  );
}

/** A line that is no header field. */
export function badField(line: string): ProtocolError {
  if (NOT_FIELD_VALUE.test(line)) return badByte();
  return new ProtocolError(
    400,
    "ERR_HTTP_FIELD",
    "A request header is not of the form 'Name: value': it is folded, or has a space before the colon or a bad name",
  );
}

/** @param allowed - bytes */
export function fieldTooLarge(allowed: number): ProtocolError {
  return new ProtocolError(
    431,
    "ERR_HTTP_FIELDS_TOO_LARGE",
    `A request header is longer than the ${allowed} bytes that are left for it`,
  );
}

/** @param name - in lower case */
export function repeatedField(name: string): ProtocolError {
  return new ProtocolError(400, "ERR_HTTP_REPEATED_FIELD", `The request header '${name}' occurs more than once`);
}

/**
 * @param method - one that is not among the usual ones
 * @throws ProtocolError 400 or 501
 */
export function checkMethod(method: string): void {
  if (!TOKEN.test(method)) throw new ProtocolError(400, "ERR_HTTP_METHOD", "The request method is not a token");
  if (method.length > MAX_METHOD_LENGTH)
    throw new ProtocolError(
      501,
      "ERR_HTTP_METHOD",
      `The request method is longer than ${MAX_METHOD_LENGTH} characters`,
    );
}

/** 505 for a version that we do not speak, 400 for what is no version. */
export function badVersion(version: string): ProtocolError {
  if (VERSION.test(version))
    return new ProtocolError(505, "ERR_HTTP_VERSION", "The HTTP version of the request is neither 1.1 nor 1.0");
  return new ProtocolError(
    400,
    "ERR_HTTP_REQUEST_LINE",
    "The request line does not end in an HTTP version such as 'HTTP/1.1'",
  );
}
