// `Request` for an application of the fetch standard, made of an environ as far as somebody asks. A native one is made for what only that
// can do: bodies as forms, clones, `new Request(request)`. Source: the Fetch standard, "Request class"; srvx and @hono/node-server.
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

/** Takes a lazy request where the standard's class takes a request. */
class UnwrappingRequest extends Native {
  constructor(input: ConstructorParameters<typeof Request>[0], init?: RequestInit) {
    super(input instanceof LazyRequest ? input.native : input, init);
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return Function.prototype[Symbol.hasInstance].call(Native, value);
  }
}

/** Puts the class that knows lazy requests where applications find it. */
export function installLazyRequest(): void {
  globalThis.Request = UnwrappingRequest;
}

/** Makes the request of an environ. */
export function lazyRequest(environ: WSGIEnvironment): Request {
  return new LazyRequest(environ) as unknown as Request; // the loop above gives it all members
}

/** The host is that of the Host field, never of the path: a target `//evil/x` is a path (RFC 9112 section 3.2.1). */
function urlOf(environ: WSGIEnvironment): string {
  const scheme = environ["wsgi.url_scheme"];
  const { mount, path, query } = requestTarget(environ);
  const host = environ.HTTP_HOST;
  const authority = host !== undefined && isHost(host) ? host : `${environ.SERVER_NAME}:${environ.SERVER_PORT}`;
  const whole = mount + path;
  return normalised(`${scheme}://${authority}${whole.startsWith("/") ? whole : `/${whole}`}${query}`);
}

/** URLs that the standard writes as they are: no port of the scheme, no dot segments, nothing encoded. */
const PLAIN_URL =
  /^https?:\/\/(?:[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)*|(?:(?:0|[1-9]\d?\d?)\.){3}(?:0|[1-9]\d?\d?))(?::(?!0|80(?!\d)|443(?!\d))\d{1,4})?(?:\/(?!\.)[A-Za-z0-9\-._~!$&()*+,;=:@]*)+(?:\?[A-Za-z0-9\-._~!$&()*+,;=:@/?%]*)?$/;

function normalised(url: string): string {
  if (PLAIN_URL.test(url)) return url;
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
