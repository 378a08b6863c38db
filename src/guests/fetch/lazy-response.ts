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
  /** Whether the body is a stream only because it was asked for as one: most often all of it is there. */
  readonly isStreamOfAll: boolean;
  /** Bytes of the body, where a stream hides it: that of a Blob. Null elsewhere. */
  readonly blobBytes: number | null;
}

const PLAIN_TYPE: [string, string] = ["content-type", "text/plain;charset=UTF-8"];
const parts = Symbol("parts");
const native = Symbol("native");
const shown = Symbol("headers");
const blobBytes = Symbol("bytes of the Blob");

interface KeptArguments {
  readonly body: string | Uint8Array | ReadableStream<unknown> | null;
  readonly init: ResponseInit | undefined;
}

/** A response that its application does not read itself. */
class LazyResponse {
  /** The arguments; null once there is a native response. */
  [parts]: KeptArguments | null;
  [native]: Response | null = null;
  /** The headers, once somebody has asked for them. They are the true ones, also beside a native response. */
  [shown]: Headers | null = null;
  [blobBytes]: number | null;

  constructor(body?: Body, init?: ResponseInit) {
    this[blobBytes] = body instanceof Blob ? body.size : null;
    const kept = body instanceof ArrayBuffer ? new Uint8Array(body) : (body ?? null);
    this[parts] = isSimple(kept) && isUsual(init) ? { body: kept, init } : null;
    if (this[parts] === null) this[native] = new Native(body, init);
  }

  get status(): number {
    const kept = this[parts];
    return kept === null ? nativeOf(this).status : (kept.init?.status ?? 200);
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  get statusText(): string {
    const kept = this[parts];
    return kept === null ? nativeOf(this).statusText : (kept.init?.statusText ?? "");
  }

  get headers(): Headers {
    const kept = this[parts];
    this[shown] ??= kept === null ? nativeOf(this).headers : new Headers(headersOfKept(kept));
    return this[shown];
  }

  clone(): Response {
    const copy = nativeOf(this).clone();
    // A list: what is deleted while it is iterated would hide the next.
    const names = Array.from(copy.headers.keys());
    for (const name of names) copy.headers.delete(name);
    for (const [name, value] of this.headers) copy.headers.append(name, value);
    return copy;
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

function isSimple(body: unknown): body is KeptArguments["body"] {
  if (body === null || typeof body === "string" || body instanceof Uint8Array) return true;
  return body instanceof ReadableStream && !body.locked;
}

/** Whether the status allows a body and the headers can be read again. */
function isUsual(init: ResponseInit | undefined): boolean {
  if (init === undefined) return true;
  if (Object.getPrototypeOf(init) !== Object.prototype) return false;
  const { status = 200, headers } = init;
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
  const headers = response[shown];
  const made = new Native(body as Body, headers === null ? init : { ...init, headers }); // it came as one
  response[native] = made;
  response[parts] = null;
  return made;
}

const OWN = new Set(["constructor", "status", "ok", "statusText", "headers", "clone"]);

for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(Native.prototype))) {
  if (OWN.has(name)) continue;
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
Object.defineProperty(LazyResponse, "name", { value: "Response" });

/** Installs the lazy class as the global `Response`. It stays there, because applications create responses at any time. */
export function installLazyResponse(): void {
  globalThis.Response = LazyResponse as unknown as typeof Response;
}

/** Reads a lazy or native response, or one of another implementation, such as undici's package; null if the value is none. */
export function partsOf(response: unknown): ResponseParts | null {
  if (!(response instanceof Native)) return foreignParts(response);
  const lazy = parts in response ? (response as unknown as LazyResponse) : null;
  if (lazy === null) return nativeParts(response, response, null);
  const kept = lazy[parts];
  if (kept === null) return nativeParts(response, nativeOf(lazy), lazy[blobBytes]);
  const { body, init } = kept;
  const headers = lazy[shown] === null ? headersOfKept(kept) : [...lazy[shown]];
  return {
    status: init?.status ?? 200,
    statusText: init?.statusText ?? "",
    headers,
    body,
    isStreamOfAll: false,
    blobBytes: null,
  };
}

function headersOfKept({ body, init }: KeptArguments): [string, string][] {
  const headers = headersOf(init?.headers);
  if (typeof body === "string" && !headers.some(([name]) => name.toLowerCase() === "content-type"))
    headers.push(PLAIN_TYPE);
  return headers;
}

/** @param shownAs - what the application knows, which has the headers */
function nativeParts(shownAs: Response, { status, statusText, body }: Response, ofBlob: number | null): ResponseParts {
  return { status, statusText, headers: headersOf(shownAs.headers), body, isStreamOfAll: true, blobBytes: ofBlob };
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
  return { status, statusText, headers: [...headers], body: stream, isStreamOfAll: true, blobBytes: null };
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
