// From what a test writes to one complete request: target, header fields, body.

import type { HeaderList } from "../wsgi/types.ts";
import { isStreamed } from "./is-streamed.ts";
import { type BodyOptions, encodeBody } from "./request-body.ts";
import { type HeadersInput, hasHeader, headerPairs } from "./request-headers.ts";
import { type Fields, type RequestTarget, parseRequestTarget } from "./request-target.ts";
import type { WireRequest } from "./transport.ts";

/** User and password for HTTP basic authentication. */
export interface BasicAuth {
  readonly user: string;
  readonly password: string;
}

/** Options of one request, in addition to method and address. */
export interface RequestContent extends BodyOptions {
  readonly headers?: HeadersInput;
  /** Added to the query of the address. */
  readonly query?: Fields;
  readonly auth?: BasicAuth;
}

/** A request without the test's watch over its response. */
export type ComposedRequest = Omit<WireRequest, "watch">;

/** Methods whose requests state the length of their body even when it is empty (RFC 9110 section 8.6). */
const METHODS_WITH_CONTENT = new Set(["POST", "PUT", "PATCH"]);

/**
 * Composes a request. Header fields that the test gives itself win over those that are derived (Host, Content-Type, lengths).
 *
 * @param method - sent as it is
 * @param address - path or absolute URL
 * @param base - scheme and host for an address that is only a path
 * @throws TestUsageError when address, header fields or body cannot be sent
 */
export function composeRequest(
  method: string,
  address: string,
  base: Pick<RequestTarget, "scheme" | "host">,
  options: RequestContent = {},
): ComposedRequest {
  const target = parseRequestTarget(address, base, options.query);
  const { contentType, content } = encodeBody(options);
  const headers = headerPairs(options.headers);
  const add = (name: string, value: string): void => {
    if (!hasHeader(headers, name)) headers.push([name, value]);
  };
  if (!hasHeader(headers, "Host")) headers.unshift(["Host", target.host]);
  if (options.auth) add("Authorization", basicAuthorization(options.auth));
  if (contentType) add("Content-Type", contentType);
  if (!hasFraming(headers)) {
    if (isStreamed(content)) add("Transfer-Encoding", "chunked");
    else if (content) add("Content-Length", String(content.length));
    else if (METHODS_WITH_CONTENT.has(method)) add("Content-Length", "0");
  }
  return { method, target, headers, content };
}

function hasFraming(headers: HeaderList): boolean {
  return hasHeader(headers, "Content-Length") || hasHeader(headers, "Transfer-Encoding");
}

// RFC 7617 §2; UTF-8 as §2.1 recommends.
function basicAuthorization({ user, password }: BasicAuth): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}
