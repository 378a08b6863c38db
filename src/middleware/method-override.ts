// Lets HTML forms, which know only GET and POST, ask for other methods. Source: Rack's MethodOverride.
import { FormError } from "../forms/errors.ts";
import { isForm, peekField } from "../forms/peek-field.ts";
import { isToken } from "../wsgi/head-rules.ts";
import type { Middleware, WSGIEnvironment } from "../wsgi/types.ts";
import { MiddlewareOptionError } from "./errors.ts";
import { bytes, fromSection, text, within, words, type Configuration } from "./writing/options.ts";

/** Key of the environ that holds the method which the client sent, where it was replaced. */
export const ORIGINAL_METHOD = "method_override.original_method";

const DEFAULT_METHODS = ["PUT", "PATCH", "DELETE"];
const DEFAULT_MAX_FORM_BYTES = 65_536;

/** Where the method is read from, and which are allowed. */
export interface MethodOverrideOptions {
  /** Methods that a POST may become. @default ["PUT", "PATCH", "DELETE"] */
  readonly methods?: readonly string[];
  /** Header to read; empty for none. @default "X-HTTP-Method-Override" */
  readonly header?: string;
  /** Field of a form to look at, after the header; empty for none. @default "_method" */
  readonly field?: string;
  /** Longer forms, or forms with files in which the field does not come first, stay POST. @default 65536 */
  readonly maxFormBytes?: number;
}

/**
 * Turns a POST into the method that its header or form names. Other methods stay, and so does a POST that names a method which is not
 * allowed. The application can still read the form. The query string is ignored, because links must not delete.
 *
 * In a pipeline: inside of CSRF protection, access control and logs that are about what the client sent; outside of the router.
 *
 * @throws MiddlewareOptionError when a method is none, or GET, HEAD, CONNECT or TRACE
 */
export function methodOverride(options: MethodOverrideOptions = {}): Middleware {
  const { header = "X-HTTP-Method-Override", field = "_method", maxFormBytes = DEFAULT_MAX_FORM_BYTES } = options;
  within(maxFormBytes, "maxFormBytes", 0);
  const methods = new Set((options.methods ?? DEFAULT_METHODS).map(checkedMethod));
  const key = header === "" ? null : `HTTP_${header.toUpperCase().replaceAll("-", "_")}`;
  return function methodOverrideMiddleware(application) {
    const override = (environ: WSGIEnvironment, wanted: unknown): void => {
      const method = typeof wanted === "string" ? wanted.trim().toUpperCase() : "";
      if (!methods.has(method)) return;
      environ[ORIGINAL_METHOD] = environ.REQUEST_METHOD;
      environ.REQUEST_METHOD = method;
    };
    return function overridden(environ, startResponse) {
      if (environ.REQUEST_METHOD !== "POST") return application(environ, startResponse);
      const wanted = key === null ? undefined : environ[key];
      if (wanted !== undefined || field === "" || !isForm(environ)) {
        override(environ, wanted);
        return application(environ, startResponse);
      }
      return peekField(environ, field, maxFormBytes)
        .catch(ignoreSize)
        .then((method) => {
          override(environ, method);
          return application(environ, startResponse);
        });
    };
  };
}

/** For INI files: `use = egg:tsgi#method-override`, with the keys of {@link MethodOverrideOptions}. */
export function filterFactory(_globalConf: Configuration, localConf: Configuration): Middleware {
  return fromSection<MethodOverrideOptions>(methodOverride, localConf, {
    methods: words,
    header: text,
    field: text,
    maxFormBytes: bytes,
  });
}

function checkedMethod(name: string): string {
  const method = name.toUpperCase();
  if (isToken(method) && !["GET", "HEAD", "CONNECT", "TRACE", "POST"].includes(method)) return method;
  throw new MiddlewareOptionError(`Option "methods" names "${name}"; expected methods such as "PUT" or "DELETE"`);
}

/** Of a longer form the method is not known, and stays. */
function ignoreSize(error: unknown): undefined {
  if (!(error instanceof FormError && error.status === 413)) throw error;
}
