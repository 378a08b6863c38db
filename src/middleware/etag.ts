// Gives a response the hash of its body as its ETag. Source: RFC 9110 section 8.8.3; Rack's ETag.
import { hash } from "node:crypto";
import type { Bytes, HeaderList, Middleware } from "../wsgi/types.ts";
import { findHeader } from "./writing/header-fields.ts";
import { head } from "./head.ts";
import { bytes, flag, fromSection, within, type Configuration } from "./writing/options.ts";
import { replaceResponse } from "./writing/replace-response.ts";

const DEFAULT_MAX_BYTES = 1_048_576;
/** 27 characters of base64url hold 160 bits of the hash. */
const TAG_CHARACTERS = 27;

/** Which responses get an ETag, and which kind. */
export interface EtagOptions {
  /** Whether the ETag is weak: equivalent, but not byte by byte equal. @default false */
  readonly weak?: boolean;
  /** Larger bodies are not hashed, in bytes. @default 1048576 */
  readonly maxBytes?: number;
}

/**
 * Adds an ETag to a 200 response to GET whose body is an array. The application sees GET instead of HEAD. A response that already has an
 * ETag, must not be stored, or is streamed passes unchanged.
 *
 * In a pipeline: outside of what changes the body, inside of `conditionalGet`. Outside of `compress` the tag is that of the compressed
 * bytes; inside, `compress` makes it weak.
 *
 * @throws MiddlewareOptionError when the limit is negative
 */
export function etag(options: EtagOptions = {}): Middleware {
  const { weak = false, maxBytes = DEFAULT_MAX_BYTES } = options;
  within(maxBytes, "maxBytes", 0);
  return function etagMiddleware(application) {
    // HEAD has no body to hash, so that it is asked as GET.
    return head()(function tagged(environ, startResponse) {
      // Of other methods the answer is no version of the resource.
      if (environ.REQUEST_METHOD !== "GET") return application(environ, startResponse);
      return replaceResponse(application, environ, startResponse, ({ status, headers }) => {
        if (!status.startsWith("200") || !mayBeTagged(headers)) return null;
        return {
          kind: "whole",
          whole(body) {
            if (body.length <= maxBytes) headers.push(["ETag", tagOf(body, weak)]);
            return body;
          },
        };
      });
    });
  };
}

/** For INI files: `use = egg:tsgi#etag`, with the keys of {@link EtagOptions}. */
export function filterFactory(_globalConf: Configuration, localConf: Configuration): Middleware {
  return fromSection<EtagOptions>(etag, localConf, { weak: flag, maxBytes: bytes });
}

function mayBeTagged(headers: HeaderList): boolean {
  if (findHeader(headers, "etag") !== null) return false;
  return !/\bno-store\b/i.test(findHeader(headers, "cache-control") ?? "");
}

function tagOf(body: Bytes, weak: boolean): string {
  return `${weak ? "W/" : ""}"${hash("sha256", body, "base64url").slice(0, TAG_CHARACTERS)}"`;
}
