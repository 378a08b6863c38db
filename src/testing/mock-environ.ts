// A complete, valid environ without a server. Source: Werkzeug's EnvironBuilder for the idea.

import type { WSGIEnvironment } from "../wsgi/types.ts";
import { type RequestContent, composeRequest } from "./compose-request.ts";
import { requestEnviron } from "./request-environ.ts";
import { DEFAULT_BASE } from "./request-target.ts";

/** The request that the environ describes. */
export interface MockEnvironOptions extends RequestContent {
  /** @default "GET" */
  readonly method?: string;
  /** Path or absolute URL, percent-encoded where necessary. @default "/" */
  readonly url?: string;
  /** The part of the path that led to the application. It is moved from PATH_INFO if that starts with it. @default "" */
  readonly scriptName?: string;
  /** Keys to set or replace at the end, for example keys that a middleware adds. */
  readonly environ?: Readonly<Record<string, unknown>>;
}

/**
 * Creates the environ of a made-up request. Each call returns a new one with an unread `wsgi.input`.
 *
 * @param options - the request; all optional
 * @returns a valid environ: native strings, the path percent-decoded to latin-1, `wsgi.errors` a StringErrorStream
 * @throws TestUsageError when the options contradict each other
 * @example
 * const environ = mockEnviron({ method: "POST", url: "/items?page=2", json: { name: "tea" } });
 */
export function mockEnviron(options: MockEnvironOptions = {}): WSGIEnvironment {
  const request = composeRequest(options.method ?? "GET", options.url ?? "/", DEFAULT_BASE, options);
  const environ = requestEnviron(request);
  const { scriptName = "" } = options;
  const isUnder = environ.PATH_INFO === scriptName || environ.PATH_INFO.startsWith(`${scriptName}/`);
  if (scriptName && isUnder) environ.PATH_INFO = environ.PATH_INFO.slice(scriptName.length);
  environ.SCRIPT_NAME = scriptName;
  return Object.assign(environ, options.environ);
}
