// Lets an application that only knows GET answer HEAD. Source: RFC 9110 section 9.3.2; Rack's Head and PEP 3333's silence on it.
import type { Middleware } from "../wsgi/types.ts";
import { readNoOptions, type Configuration } from "./options.ts";
import { replaceResponse } from "./replace-response.ts";

/**
 * Gives a HEAD request to the application as GET and drops the body, which is closed without being read. The headers stay, Content-Length
 * too.
 *
 * In a pipeline: directly around the application. What stands outside still sees HEAD.
 */
export function head(): Middleware {
  return function headMiddleware(application) {
    return function withoutBody(environ, startResponse) {
      if (environ.REQUEST_METHOD !== "HEAD") return application(environ, startResponse);
      return replaceResponse(
        application,
        { ...environ, REQUEST_METHOD: "GET" },
        startResponse,
        ({ status, headers }) => ({
          kind: "instead",
          application: (_environ, start) => {
            start(status, headers);
            return [];
          },
        }),
      );
    };
  };
}

/** For INI files: `use = egg:tsgi#head`, no options. */
export function filterFactory(_globalConf: Configuration, localConf: Configuration): Middleware {
  readNoOptions(localConf);
  return head();
}
