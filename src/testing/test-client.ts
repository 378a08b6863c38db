// A client for tests: the same requests against an application in process, or against a server over a socket.
// Source: Werkzeug's Client and Plack::Test for the idea; RFC 9110 section 15.4 for redirects.

import { toApplication } from "../wsgi/application.ts";
import type { WSGIApplication, WSGIApplicationLike } from "../wsgi/types.ts";
import type { BasicAuth, ComposedRequest, RequestContent } from "./compose-request.ts";
import { CookieJar } from "./cookie-jar.ts";
import { RedirectError, TestUsageError } from "./errors.ts";
import { isStreamed } from "./is-streamed.ts";
import { type HeadersInput, hasHeader, headerPairs } from "./request-headers.ts";
import { DEFAULT_BASE, type RequestTarget, parseRequestTarget } from "./request-target.ts";
import { LateTransport } from "./late-transport.ts";
import type { ClientTlsOptions, ServerAddress } from "./socket-transport.ts";
import type { TestResponse } from "./test-response.ts";
import type { ResponseWatch, Transport } from "./transport.ts";

/** Redirects that a client follows before it calls them a circle. */
const MAX_REDIRECTS = 20;

/** Options of a client. A single request can override some of them. */
export interface TestClientOptions {
  /** Sent with each request, unless the request sets the same header. */
  readonly headers?: HeadersInput;
  readonly auth?: BasicAuth;
  /** Whether 301, 302, 303, 307 and 308 are followed. @default false */
  readonly followRedirects?: boolean;
  /** Whether the application's errors are thrown at the test; in process only. @default false */
  readonly raiseErrors?: boolean;
  /** Whether the application runs under the validator; in process only. @default true */
  readonly validate?: boolean;
  /** Scheme and host of requests in process, for example `https://shop.test`. @default "http://localhost" */
  readonly baseUrl?: string;
  /** For servers with TLS. */
  readonly tls?: ClientTlsOptions;
}

/** One request. */
export interface TestRequestOptions extends RequestContent, ResponseWatch {
  /** @default what the client was given */
  readonly followRedirects?: boolean;
  /** @default what the client was given */
  readonly raiseErrors?: boolean;
}

/**
 * Sends requests and reads whole responses. Cookies are kept from one request to the next.
 *
 * @example
 * const client = new TestClient(application);
 * const response = await client.post("/items", { json: { name: "tea" } });
 * response.status; // 201
 */
export class TestClient {
  readonly cookies = new CookieJar();
  readonly #base: Pick<RequestTarget, "scheme" | "host">;
  readonly #transport: Transport;
  readonly #options: TestClientOptions;

  /**
   * @param target - an application, or where a server listens: `http://host:port`, `https://host:port`, `unix:/path`,
   *   or the `url` of a server of TSGI
   * @throws ContractViolation when the target is not an application
   */
  constructor(target: WSGIApplicationLike | string, options: TestClientOptions = {}) {
    this.#options = options;
    if (typeof target === "string") {
      const { address, ...base } = serverOf(target);
      this.#base = base;
      // An application in process needs no client of node:http, which takes long to load.
      this.#transport = new LateTransport(async () => {
        const { SocketTransport } = await import("./socket-transport.ts");
        return new SocketTransport(base, address, options.tls);
      });
    } else {
      const application = toApplication(target);
      this.#base = options.baseUrl ? parseRequestTarget(options.baseUrl, DEFAULT_BASE) : DEFAULT_BASE;
      this.#transport = new LateTransport(() => inProcess(application, options.validate !== false));
    }
  }

  get(address: string, options?: TestRequestOptions): Promise<TestResponse> {
    return this.request("GET", address, options);
  }

  head(address: string, options?: TestRequestOptions): Promise<TestResponse> {
    return this.request("HEAD", address, options);
  }

  post(address: string, options?: TestRequestOptions): Promise<TestResponse> {
    return this.request("POST", address, options);
  }

  put(address: string, options?: TestRequestOptions): Promise<TestResponse> {
    return this.request("PUT", address, options);
  }

  patch(address: string, options?: TestRequestOptions): Promise<TestResponse> {
    return this.request("PATCH", address, options);
  }

  delete(address: string, options?: TestRequestOptions): Promise<TestResponse> {
    return this.request("DELETE", address, options);
  }

  options(address: string, options?: TestRequestOptions): Promise<TestResponse> {
    return this.request("OPTIONS", address, options);
  }

  /**
   * Sends a request of any method and reads the response to its end.
   *
   * @param address - a path, or an absolute URL
   * @throws NoResponseError when there was no response; RedirectError when redirects go in circles or away from the server;
   *   TestUsageError when the request cannot be composed; with `raiseErrors` whatever the application threw
   */
  async request(method: string, address: string, options: TestRequestOptions = {}): Promise<TestResponse> {
    const { followRedirects = this.#options.followRedirects, raiseErrors = this.#options.raiseErrors } = options;
    const history: TestResponse[] = [];
    let request = await this.#compose(method, address, options);
    for (;;) {
      const response = await this.#exchange(request, options, history, raiseErrors === true);
      const next = followRedirects ? redirected(request, response) : null;
      if (!next) return response;
      if (history.length === MAX_REDIRECTS) {
        throw new RedirectError(`Followed ${MAX_REDIRECTS} redirects, the last to "${response.url}"; expected an end`);
      }
      history.push(response);
      request = next;
    }
  }

  /** Closes the connections that are kept alive. */
  close(): void {
    this.#transport.close();
  }

  /** What only requests need is loaded with the first one, for applications that only hand out a client. */
  async #compose(method: string, address: string, options: TestRequestOptions): Promise<ComposedRequest> {
    const { composeRequest } = await import("./compose-request.ts");
    const headers = headerPairs(options.headers);
    for (const [name, value] of headerPairs(this.#options.headers)) {
      if (!hasHeader(headers, name)) headers.push([name, value]);
    }
    const auth = options.auth ?? this.#options.auth;
    return composeRequest(method, address, this.#base, { ...options, headers, ...(auth ? { auth } : {}) });
  }

  async #exchange(
    request: ComposedRequest,
    watch: ResponseWatch,
    history: readonly TestResponse[],
    raiseErrors: boolean,
  ): Promise<TestResponse> {
    const { target } = request;
    const cookie = hasHeader(request.headers, "Cookie") ? null : this.cookies.headerFor(target);
    const headers = cookie === null ? request.headers : [...request.headers, ["Cookie", cookie] as [string, string]];
    const wire = await this.#transport.send({ ...request, headers, watch });
    if (raiseErrors && wire.error !== undefined) throw wire.error;
    const { TestResponse } = await import("./test-response.ts");
    const response = new TestResponse(wire, target, [...history]);
    this.cookies.store(response.headers.getAll("Set-Cookie"), target);
    return response;
  }
}

/** An application that only hands out a client needs neither the transport nor the validator. */
async function inProcess(application: WSGIApplication, isValidated: boolean): Promise<Transport> {
  const [{ InProcessTransport }, { validator }] = await Promise.all([
    import("./in-process-transport.ts"),
    import("../wsgi/validator.ts"),
  ]);
  return new InProcessTransport(isValidated ? validator(application) : application);
}

/** The request that a redirect asks for, or null when the response is none. */
function redirected(request: ComposedRequest, { status, headers }: TestResponse): ComposedRequest | null {
  const location = headers.get("Location");
  if (location === null || ![301, 302, 303, 307, 308].includes(status)) return null;
  const { target } = request;
  const url = new URL(location, `${target.scheme}://${target.host}${target.path}`);
  const next = parseRequestTarget(url.href, target);
  const isSameOrigin = next.scheme === target.scheme && next.host === target.host;
  // RFC 9110 §15.4: 303 always asks with GET; 301 and 302 do so after POST; 307 and 308 repeat the request as it was.
  const becomesGet = status === 303 ? request.method !== "HEAD" : status < 303 && request.method === "POST";
  if (!becomesGet && isStreamed(request.content)) {
    throw new TestUsageError(
      `Expected bytes as the body of a request that ${status} redirects: a stream cannot be sent twice`,
    );
  }
  const dropped = new Set([
    "host",
    ...(becomesGet ? CONTENT_FIELDS : []),
    ...(isSameOrigin ? [] : ["authorization", "cookie"]),
  ]);
  const kept = request.headers.filter(([name]) => !dropped.has(name.toLowerCase()));
  return {
    method: becomesGet ? "GET" : request.method,
    target: next,
    headers: [["Host", next.host], ...kept],
    content: becomesGet ? null : request.content,
  };
}

const CONTENT_FIELDS = ["content-type", "content-length", "content-encoding", "content-language", "transfer-encoding"];

function serverOf(address: string): Pick<RequestTarget, "scheme" | "host"> & { readonly address: ServerAddress } {
  const [, unixScheme, path] = /^(?:(https?)\+)?unix:(.*)$/s.exec(address) ?? [];
  if (path) return { ...DEFAULT_BASE, scheme: unixScheme === "https" ? "https" : "http", address: { path } };
  const { scheme, host } = parseRequestTarget(address, DEFAULT_BASE);
  const { hostname, port } = new URL(`${scheme}://${host}`);
  const standardPort = scheme === "https" ? 443 : 80;
  return { scheme, host, address: { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || standardPort) } };
}
