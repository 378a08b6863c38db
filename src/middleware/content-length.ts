// Sets Content-Length where the body is known. Source: Rack's ContentLength; RFC 9110 section 8.6; PEP 3333, "Handling the
// Content-Length Header".
import type { Middleware } from "../wsgi/types.ts";
import { findHeader, setHeader } from "./writing/header-fields.ts";
import { head } from "./head.ts";
import { readNoOptions, type Configuration } from "./writing/options.ts";
import { replaceResponse } from "./writing/replace-response.ts";

/**
 * Adds Content-Length to a response whose body is an array. A streamed body passes unchanged. The application sees GET instead of HEAD, so
 * both get the same length. For one chunk, the server does this by itself.
 *
 * In a pipeline: outside of what changes the body, inside of what needs its length (an access log of announced lengths, `head`).
 */
export function contentLength(): Middleware {
  return function contentLengthMiddleware(application) {
    return head()(function measured(environ, startResponse) {
      return replaceResponse(application, environ, startResponse, ({ status, headers }) => {
        if (!mayHaveLength(status) || findHeader(headers, "content-length") !== null) return null;
        return {
          kind: "whole",
          whole(body) {
            setHeader(headers, "Content-Length", String(body.length));
            return body;
          },
        };
      });
    });
  };
}

/** For INI files: `use = egg:tsgi#content-length`, no options. */
export function filterFactory(_globalConf: Configuration, localConf: Configuration): Middleware {
  readNoOptions(localConf);
  return contentLength();
}

function mayHaveLength(status: string): boolean {
  return !/^(?:1|204|304)/.test(status);
}
