// A lazy `Response` for fetch handlers, which keeps its arguments: most responses are read once, by us, and creating a native one costs
// more than the rest of a small response. Everything else is passed to a native one, created on demand.
// Source: the Fetch standard, "Response class"; srvx and @hono/node-server do likewise.

type Body = ConstructorParameters<typeof Response>[0];

const Native = globalThis.Response;

/** What we need from a response, without creating a native one. */
export interface ResponseParts {
  readonly status: number;
  readonly statusText: string;
  readonly headers: [name: string, value: string][];
  readonly body: string | Uint8Array | ReadableStream<unknown> | null;
}

const PLAIN_TYPE: [string, string] = ["content-type", "text/plain;charset=UTF-8"];
const parts = Symbol("parts");
const native = Symbol("native");

/** A response that its application does not read itself. */
class LazyResponse {
  [parts]: { readonly body: string | Uint8Array | null; readonly init: ResponseInit | undefined } | null;
  [native]: Response | null = null;

  constructor(body?: Body, init?: ResponseInit) {
    const kept = body instanceof ArrayBuffer ? new Uint8Array(body) : (body ?? null);
    const isPlainInit = init === undefined || (Object.getPrototypeOf(init) === Object.prototype && isUsual(init));
    const isSimple = kept === null || typeof kept === "string" || kept instanceof Uint8Array;
    this[parts] = isSimple && isPlainInit ? { body: kept, init } : null;
    if (this[parts] === null) this[native] = new Native(body, init);
  }

  static json(data: unknown, init?: ResponseInit): Response {
    const text = JSON.stringify(data) as string | undefined; // of what JSON does not have
    if (text === undefined) return Native.json(data, init);
    const headers = new Headers(init?.headers);
    if (!headers.has("content-type")) headers.set("content-type", "application/json");
    return new LazyResponse(text, { ...init, headers }) as unknown as Response; // the loop below gives it all members
  }

  static redirect(url: string | URL, status?: number): Response {
    return Native.redirect(url, status as Parameters<typeof Response.redirect>[1]);
  }

  static error(): Response {
    return Native.error();
  }

  static [Symbol.hasInstance](value: unknown): boolean {
    return Function.prototype[Symbol.hasInstance].call(Native, value);
  }
}

/** Whether the status allows a body and the headers can be read again. */
function isUsual({ status = 200, headers }: ResponseInit): boolean {
  const isFinal = Number.isInteger(status) && status >= 200 && status < 600 && ![204, 205, 304].includes(status);
  return (
    isFinal &&
    (headers === undefined || headers instanceof Headers || Object.getPrototypeOf(headers) === Object.prototype)
  );
}

function nativeOf(response: LazyResponse): Response {
  const found = response[native];
  if (found !== null) return found;
  const { body, init } = response[parts] ?? { body: null, init: undefined };
  const made = new Native(body, init);
  response[native] = made;
  response[parts] = null;
  return made;
}

for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(Native.prototype))) {
  if (name === "constructor") continue;
  Object.defineProperty(LazyResponse.prototype, name, {
    configurable: true,
    enumerable: property.enumerable ?? false,
    ...(property.get === undefined
      ? {
          writable: true,
          value(this: LazyResponse, ...values: unknown[]): unknown {
            return (property.value as Function).apply(nativeOf(this), values);
          },
        }
      : {
          get(this: LazyResponse): unknown {
            return property.get?.call(nativeOf(this));
          },
        }),
  });
}
Object.setPrototypeOf(LazyResponse.prototype, Native.prototype);

/** Installs the lazy class as the global `Response`. It stays there, because applications create responses at any time. */
export function installLazyResponse(): void {
  globalThis.Response = LazyResponse as unknown as typeof Response;
}

/** Reads a lazy or native response, or one of another implementation, such as undici's package; null if the value is none. */
export function partsOf(response: unknown): ResponseParts | null {
  if (!(response instanceof Native)) return foreignParts(response);
  const simple = parts in response ? (response as unknown as LazyResponse)[parts] : null;
  if (simple === null)
    return nativeParts(native in response ? nativeOf(response as unknown as LazyResponse) : response);
  const { body, init } = simple;
  const headers = headersOf(init?.headers);
  if (typeof body === "string" && !headers.some(([name]) => name.toLowerCase() === "content-type"))
    headers.push(PLAIN_TYPE);
  return { status: init?.status ?? 200, statusText: init?.statusText ?? "", headers, body };
}

function nativeParts(response: Response): ResponseParts {
  const { status, statusText, body } = response;
  return { status, statusText, headers: headersOf(response.headers), body };
}

/** What other implementations have in common: those of undici, node-fetch and Hono's own. */
interface ForeignResponse {
  readonly status: number;
  readonly statusText?: string;
  readonly headers: Iterable<[name: string, value: string]>;
  readonly body?: ReadableStream<unknown> | AsyncIterable<unknown> | null;
}

function foreignParts(value: unknown): ResponseParts | null {
  if (!isForeignResponse(value)) return null;
  const { status, statusText = "", headers, body = null } = value;
  const stream = body === null || isWebStream(body) ? body : ReadableStream.from(body);
  return { status, statusText, headers: [...headers], body: stream };
}

function isWebStream(body: ReadableStream<unknown> | AsyncIterable<unknown>): body is ReadableStream<unknown> {
  return "getReader" in body;
}

function isForeignResponse(value: unknown): value is ForeignResponse {
  if (typeof value !== "object" || value === null || !("status" in value) || !("headers" in value)) return false;
  const { status, headers } = value;
  if (typeof status !== "number" || typeof headers !== "object" || headers === null) return false;
  const body = "body" in value ? value.body : null;
  const isBody =
    body === undefined ||
    body === null ||
    (typeof body === "object" && ("getReader" in body || Symbol.asyncIterator in body));
  return Symbol.iterator in headers && isBody;
}

function headersOf(headers: ResponseInit["headers"]): [string, string][] {
  if (headers === undefined) return [];
  // One header per Set-Cookie, as in the standard's iteration.
  return headers instanceof Headers ? [...headers] : Object.entries(headers as Record<string, string>);
}
