// Tells an application under which path it is mounted, when the server in front does not: SCRIPT_NAME gets the prefix, PATH_INFO loses
// it. Source: PEP 3333, "environ Variables"; PasteDeploy's PrefixMiddleware.
import { mountUnder } from "../wsgi/public-request.ts";
import type { Middleware } from "../wsgi/types.ts";
import { answering } from "./writing/answer.ts";
import { configuredBase } from "./writing/configured-path.ts";
import { MiddlewareOptionError } from "./errors.ts";
import { type Configuration, flag, oneOf, fromSection, required, text } from "./writing/options.ts";

/** Options of {@link scriptName}. */
export interface ScriptNameOptions {
  /** Path at which the application is mounted, for example `/app`. */
  readonly prefix: string;
  /** Answers 404 to paths outside of the prefix. Otherwise they pass, because the server in front may have removed it. @default false */
  readonly required?: boolean;
  /** Scheme of the links, if the server in front terminates TLS and does not say so. @default that of the request */
  readonly scheme?: "http" | "https";
}

/**
 * Mounts an application under a path.
 *
 * In a pipeline: outside of what makes links.
 *
 * @throws MiddlewareOptionError when the prefix is no path
 * @example
 * const application = scriptName({ prefix: "/app" })(inner);
 */
export function scriptName(options: ScriptNameOptions): Middleware {
  const { required: isRequired = false, scheme } = options;
  const prefix = configuredBase(required(options.prefix, "prefix", 'a path such as "/app"'), "prefix");
  if (!/^\/[^/?#]/.test(prefix)) {
    throw new MiddlewareOptionError(`Option "prefix" is "${options.prefix}"; expected a path such as "/app"`);
  }
  const notFound = answering({ status: 404 });
  return function scriptNameMiddleware(application) {
    return function mountUnderPrefix(environ, startResponse) {
      if (!mountUnder(environ, prefix) && isRequired) return notFound(environ, startResponse);
      if (scheme !== undefined) environ["wsgi.url_scheme"] = scheme;
      return application(environ, startResponse);
    };
  };
}

/** The filter `egg:tsgi#script-name`: `prefix`, `required`, `scheme`. */
export function filterFactory(_globalConf: Configuration, localConf: Configuration): Middleware {
  const readers = { prefix: text, required: flag, scheme: oneOf("http", "https") };
  return fromSection<ScriptNameOptions>(scriptName, localConf, readers);
}
