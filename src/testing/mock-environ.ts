// A complete, valid environ without a server. Source: PEP 3333 "environ Variables"; RFC 3875 section 4.1; Werkzeug's
// EnvironBuilder for the idea.

import type { HeaderList, WSGIEnvironment } from "../wsgi/types.ts";
import { FileWrapper } from "../wsgi/file-wrapper.ts";
import { type ByteSource, EMPTY_INPUT, WSGIInputStream } from "../wsgi/input-stream.ts";
import { StringErrorStream } from "../wsgi/string-error-stream.ts";
import { type ComposedRequest, type RequestContent, composeRequest } from "./compose-request.ts";
import { isStreamed } from "./request-body.ts";
import { originForm } from "./request-target.ts";

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

/** Where requests of a test come from and go to, unless an absolute URL says otherwise. */
export const DEFAULT_BASE = { scheme: "http", host: "localhost" } as const;

/**
 * Creates the environ of a made-up request. Each call returns a new one with an unread `wsgi.input`.
 *
 * @param options - the request; all optional
 * @returns a valid environ: native strings, the path percent-decoded to latin-1, `wsgi.errors` a {@link StringErrorStream}
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

/** The environ of a composed request, as the HTTP gateway would make it. */
export function requestEnviron({ method, target, headers, content }: ComposedRequest): WSGIEnvironment {
  const [, serverName = "", port] = /^(.*?)(?::(\d*))?$/.exec(target.host) ?? [];
  return {
    REQUEST_METHOD: method,
    SCRIPT_NAME: "",
    PATH_INFO: percentDecode(target.path),
    QUERY_STRING: target.query,
    REQUEST_URI: originForm(target),
    SERVER_NAME: serverName || "localhost",
    SERVER_PORT: port || (target.scheme === "https" ? "443" : "80"),
    SERVER_PROTOCOL: "HTTP/1.1",
    REMOTE_ADDR: "127.0.0.1",
    REMOTE_PORT: "49152",
    ...headerVariables(headers),
    "wsgi.version": [1, 0],
    "wsgi.url_scheme": target.scheme,
    "wsgi.input": content === null ? EMPTY_INPUT : new WSGIInputStream(byteSource(content)),
    "wsgi.errors": new StringErrorStream(),
    "wsgi.multithread": false,
    "wsgi.multiprocess": false,
    "wsgi.run_once": false,
    "wsgi.input_terminated": true,
    "wsgi.file_wrapper": (file, blockSize) => new FileWrapper(file, blockSize),
  };
}

// RFC 3875 §4.1.18; repeated fields are joined as RFC 9110 §5.3 says, cookies as RFC 6265 §5.4. A name with an underscore is
// dropped, as servers do, because it would pass for the one with a hyphen.
function headerVariables(headers: HeaderList): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [name, value] of headers) {
    if (name.includes("_")) continue;
    const upper = name.toUpperCase().replaceAll("-", "_");
    const key = upper === "CONTENT_TYPE" || upper === "CONTENT_LENGTH" ? upper : `HTTP_${upper}`;
    const before = variables[key];
    variables[key] = before === undefined ? value : `${before}${key === "HTTP_COOKIE" ? "; " : ", "}${value}`;
  }
  return variables;
}

/** One code point per byte, as PEP 3333 "Unicode Issues" asks; a `%` that no two hex digits follow stays. */
function percentDecode(path: string): string {
  return path.replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function byteSource(content: Uint8Array | AsyncIterable<Uint8Array>): ByteSource {
  if (isStreamed(content)) {
    const chunks = content[Symbol.asyncIterator]();
    return {
      async pull(): Promise<Uint8Array | null> {
        const { done, value } = await chunks.next();
        return done ? null : value;
      },
    };
  }
  let rest: Uint8Array | null = content;
  return {
    pull(): Uint8Array | null {
      const chunk = rest;
      rest = null;
      return chunk;
    },
  };
}
