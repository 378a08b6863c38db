// A lazy `Request` for fetch handlers, made from an environ piece by piece. A native one is created only for what needs it: forms,
// clones, `new Request(request)`. Source: the Fetch standard, "Request class"; srvx and @hono/node-server.
import { ProtocolError } from "../../http/errors.ts";
import { isHost } from "../../http/host.ts";
import { chunksOf } from "../../wsgi/input-stream.ts";
import type { WSGIEnvironment } from "../../wsgi/types.ts";
import { hasBody, requestHeaders } from "../request-headers.ts";
import { requestTarget } from "../request-target.ts";

const Native = globalThis.Request;
const environOf = Symbol("environ");

class LazyRequest {
  readonly [environOf]: WSGIEnvironment;
  #url: string | null = null;
  #headers: Headers | null = null;
  #native: Request | null = null;

  constructor(environ: WSGIEnvironment) {
    this[environOf] = environ;
  }

  get method(): string {
    return this[environOf].REQUEST_METHOD;
  }

  get url(): string {
    this.#url ??= urlOf(this[environOf]);
    return this.#url;
  }

  get headers(): Headers {
    this.#headers ??= makeHeaders(this[environOf]);
    return this.#headers;
  }

  get native(): Request {
    this.#native ??= makeNative(this[environOf], this.url, this.headers);
    return this.#native;
  }
}

const OWN = new Set(["constructor", "method", "url", "headers"]);

for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(Native.prototype))) {
  if (OWN.has(name)) continue;
  Object.defineProperty(LazyRequest.prototype, name, {
    configurable: true,
    enumerable: property.enumerable ?? false,
    ...(property.get === undefined
      ? {
          writable: true,
          value(this: LazyRequest, ...values: unknown[]): unknown {
            return (property.value as Function).apply(this.native, values);
          },
        }
      : {
          get(this: LazyRequest): unknown {
            return property.get?.call(this.native);
          },
        }),
  });
}
Object.setPrototypeOf(LazyRequest.prototype, Native.prototype);

/** The standard's class, which also accepts a lazy request. */
class UnwrappingRequest extends Native {
  constructor(input: ConstructorParameters<typeof Request>[0], init?: RequestInit) {
    super(input instanceof LazyRequest ? input.native : input, init);
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return Function.prototype[Symbol.hasInstance].call(Native, value);
  }
}

Object.defineProperty(UnwrappingRequest, "name", { value: "Request" });

/** Installs the class that accepts lazy requests as the global `Request`. */
export function installLazyRequest(): void {
  globalThis.Request = UnwrappingRequest;
}

/** Makes a request from an environ. */
export function lazyRequest(environ: WSGIEnvironment): Request {
  return new LazyRequest(environ) as unknown as Request; // the loop above gives it all members
}

/** The host comes from the Host header, never from the path: a target `//evil/x` is a path (RFC 9112 section 3.2.1). */
function urlOf(environ: WSGIEnvironment): string {
  const scheme = environ["wsgi.url_scheme"];
  const { mount, path, query, isPlain } = requestTarget(environ);
  const host = environ.HTTP_HOST;
  const isPlainHost = host !== undefined && PLAIN_AUTHORITY.test(host);
  if (isPlain && isPlainHost) return `${scheme}://${host}${mount}${path}${query}`;
  const isUsable = isPlainHost || (host !== undefined && isHost(host));
  const authority = isUsable ? host : `${environ.SERVER_NAME}:${environ.SERVER_PORT}`;
  const whole = mount + path;
  return normalised(`${scheme}://${authority}${whole.startsWith("/") ? whole : `/${whole}`}${query}`);
}

const OCTET = String.raw`(?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])`;
const NAME = String.raw`(?!.*xn--)[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)*`;
/** Hosts that the standard's serialiser leaves unchanged: in lower case, no Punycode that may be wrong, no port that may be the default one. */
const PLAIN_AUTHORITY = new RegExp(
  String.raw`^(?:${NAME}|(?:${OCTET}\.){3}${OCTET})(?::(?!80$|443$)[1-9]\d{0,3}|:[1-5]\d{4})?$`,
);

function normalised(url: string): string {
  try {
    return new URL(url).href;
  } catch {
    throw new ProtocolError(400, "ERR_HTTP_HOST", "The Host header is not one that a URL can have");
  }
}

function makeHeaders(environ: WSGIEnvironment): Headers {
  const fields = requestHeaders(environ);
  const headers = new Headers();
  for (let index = 0; index < fields.length; index += 2) headers.append(fields[index] ?? "", fields[index + 1] ?? "");
  return headers;
}

function makeNative(environ: WSGIEnvironment, url: string, headers: Headers): Request {
  const { REQUEST_METHOD: method } = environ;
  const signal = environ["tsgi.signal"];
  const mayHaveBody = method !== "GET" && method !== "HEAD" && hasBody(environ);
  const body = mayHaveBody ? ReadableStream.from(chunksOf(environ["wsgi.input"])) : null;
  const init = { method, headers, ...(signal === undefined ? {} : { signal }), body, duplex: "half" };
  return new Native(url, init as RequestInit);
}
