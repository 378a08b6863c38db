// Lets an application that only knows GET answer HEAD. Source: RFC 9110 section 9.3.2; Rack's Head and PEP 3333's silence on it.
import type { Middleware, WSGIEnvironment } from "../wsgi/types.ts";
import { readNoOptions, type Configuration } from "./writing/options.ts";
import { replaceResponse } from "./writing/replace-response.ts";

/**
 * Passes a HEAD request to the application as GET and drops the body, which is closed without being read. The headers stay, including
 * Content-Length.
 *
 * In a pipeline: directly around the application. What stands outside still sees HEAD.
 */
export function head(): Middleware {
  return function headMiddleware(application) {
    return function withoutBody(environ, startResponse) {
      if (environ.REQUEST_METHOD !== "HEAD") return application(environ, startResponse);
      return replaceResponse(application, asGet(environ), startResponse, ({ status, headers }) => ({
        kind: "instead",
        application: (_environ, start) => {
          start(status, headers);
          return [];
        },
      }));
    };
  };
}

/** Ranges are for GET alone (RFC 9110 section 14.2): what HEAD says of them must not count now. */
function asGet(environ: WSGIEnvironment): WSGIEnvironment {
  const { HTTP_RANGE: _range, HTTP_IF_RANGE: _ifRange, ...rest } = environ;
  return { ...rest, REQUEST_METHOD: "GET" };
}

/** For INI files: `use = egg:tsgi#head`, no options. */
export function filterFactory(_globalConf: Configuration, localConf: Configuration): Middleware {
  readNoOptions(localConf);
  return head();
}
