// Lets HTML forms, which know only GET and POST, ask for other methods. Source: Rack's MethodOverride.
import { isToken } from "../wsgi/head-rules.ts";
import { WSGIInputStream } from "../wsgi/input-stream.ts";
import type { Bytes, Middleware, WSGIEnvironment } from "../wsgi/types.ts";
import { MiddlewareOptionError } from "./errors.ts";
import { bytes, fromSection, text, within, words, type Configuration } from "./writing/options.ts";

/** Key of the environ that holds the method which the client sent, where it was replaced. */
export const ORIGINAL_METHOD = "method_override.original_method";

const DEFAULT_METHODS = ["PUT", "PATCH", "DELETE"];
const DEFAULT_MAX_FORM_BYTES = 65_536;

/** Where the other method is written, and which are allowed. */
export interface MethodOverrideOptions {
  /** Methods that a POST may become. @default ["PUT", "PATCH", "DELETE"] */
  readonly methods?: readonly string[];
  /** Header to look at; empty for none. @default "X-HTTP-Method-Override" */
  readonly header?: string;
  /** Field of an urlencoded form to look at, after the header; empty for none. @default "_method" */
  readonly field?: string;
  /** Longer forms are not read, and stay POST. @default 65536 */
  readonly maxFormBytes?: number;
}

/**
 * Turns a POST into the method that its header or its form names. Any other method than POST stays, and so does a POST that asks for a
 * method which is not allowed. The form can still be read by the application. The query is never looked at: links must not delete.
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
      if (wanted !== undefined || field === "" || !isShortForm(environ, maxFormBytes)) {
        override(environ, wanted);
        return application(environ, startResponse);
      }
      return readForm(environ).then((form) => {
        override(environ, form.get(field));
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

function isShortForm({ CONTENT_TYPE = "", CONTENT_LENGTH = "" }: WSGIEnvironment, maxBytes: number): boolean {
  if (!/^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(CONTENT_TYPE)) return false;
  return /^\d+$/.test(CONTENT_LENGTH) && Number(CONTENT_LENGTH) <= maxBytes;
}

/** Reads the form, and leaves it in the environ to be read again. */
async function readForm(environ: WSGIEnvironment): Promise<URLSearchParams> {
  const body = await environ["wsgi.input"].read(Number(environ.CONTENT_LENGTH));
  let rest: Bytes | null = body;
  environ["wsgi.input"] = new WSGIInputStream({
    pull() {
      const chunk = rest;
      rest = null;
      return chunk;
    },
  });
  return new URLSearchParams(Buffer.from(body).toString("latin1"));
}
