// A complete environ from nothing, for tests of applications. Source: wsgiref.util.setup_testing_defaults; QUERY_STRING is ours,
// since the contract requires it.
import { EMPTY_INPUT } from "./input-stream.ts";
import { StringErrorStream } from "./string-error-stream.ts";
import type { WSGIEnvironment } from "./types.ts";
import { guessScheme } from "./url.ts";

/**
 * Adds missing keys in place and keeps existing ones. The values are made up, so do not use this in servers.
 *
 * @param environ - any part of an environ; `HTTPS` decides about the scheme
 * @returns the same object, complete
 * @example
 * const environ = setupTestingDefaults({ PATH_INFO: "/spam" });
 */
export function setupTestingDefaults(environ: Partial<WSGIEnvironment>): WSGIEnvironment {
  environ.SERVER_NAME ??= "127.0.0.1";
  environ.SERVER_PROTOCOL ??= "HTTP/1.0";
  environ.HTTP_HOST ??= environ.SERVER_NAME;
  environ.REQUEST_METHOD ??= "GET";
  if (environ.SCRIPT_NAME === undefined) environ.PATH_INFO ??= "/";
  environ.SCRIPT_NAME ??= "";
  environ.PATH_INFO ??= "";
  environ.QUERY_STRING ??= "";
  environ["wsgi.version"] ??= [1, 0];
  environ["wsgi.run_once"] ??= false;
  environ["wsgi.multithread"] ??= false;
  environ["wsgi.multiprocess"] ??= false;
  environ["wsgi.input"] ??= EMPTY_INPUT;
  environ["wsgi.errors"] ??= new StringErrorStream();
  environ["wsgi.url_scheme"] ??= guessScheme(environ);
  environ.SERVER_PORT ??= environ["wsgi.url_scheme"] === "https" ? "443" : "80";
  return environ as WSGIEnvironment; // every required key is set above
}
