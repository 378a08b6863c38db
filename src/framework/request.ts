// A request as a handler sees it: lazy over the environ, so that nothing is parsed that nobody asks for. Native strings become text; what
// is not UTF-8 is answered with 400. Source: Flask's Request for the names; PEP 3333, "Unicode Issues".
import { parse as parseCookies } from "cookie-es";
import type { FormFile } from "../forms/form-file.ts";
import type { Form } from "../forms/form.ts";
import { mediaTypeOf } from "../forms/media-type.ts";
import type { FormLimits } from "../forms/limits.ts";
import type { FormOptions } from "../forms/parse-form.ts";
import { isJson, prefersJson } from "../middleware/error-documents/prefers-json.ts";
import { type Session, sessionOf } from "../middleware/sessions/session.ts";
import type { Bytes, InputStream, WSGIEnvironment } from "../wsgi/types.ts";
import { readBytes } from "../wsgi/read-body.ts";
import { requestUri } from "../wsgi/url.ts";
import { acceptedOf } from "./accepted.ts";
import { decodeText, decodeUtf8 } from "./decode-text.ts";
import { BadRequest, UnsupportedMediaType } from "./http-error.ts";
import type { Response } from "./response.ts";
import type { RuleValues } from "./rule.ts";
import type { UrlOptions } from "./url-for.ts";

/** What an application keeps for one request; declare its members in `declare module "tsgi/framework"`. */
// oxlint's rule on empty interfaces is off: this one is there to be extended.
export interface RequestState {
  [name: string]: unknown;
}

/** What a request needs of its application. */
export interface RequestOwner {
  readonly maxBodyBytes: number;
  urlOf(request: Request, name: string, values: RuleValues, options: UrlOptions): string;
}

/** What a request needs of its route. */
interface RequestRoute {
  readonly name: string;
  readonly rule: { readonly text: string };
  readonly options: { readonly formLimits?: Partial<FormLimits>; readonly maxBodyBytes?: number };
}

/** A request. */
export class Request {
  readonly environ: WSGIEnvironment;
  /** The path below the application, decoded. */
  readonly path: string;
  /** The values of the path. */
  readonly params: RuleValues;
  readonly #owner: RequestOwner;
  readonly #route: RequestRoute | null;
  #state: RequestState | null = null;
  #args: URLSearchParams | null = null;
  #cookies: ReadonlyMap<string, string> | null = null;
  #headers: RequestHeaders | null = null;
  #bytes: Promise<Bytes> | null = null;
  #form: Promise<Form> | null = null;
  #afterThis: ((response: Response) => unknown)[] | null = null;

  constructor(
    environ: WSGIEnvironment,
    path: string,
    owner: RequestOwner,
    route: RequestRoute | null,
    params: RuleValues,
  ) {
    this.environ = environ;
    this.path = path;
    this.#owner = owner;
    this.#route = route;
    this.params = params;
  }

  /** Name of the route; null when there is none for the path. */
  get endpoint(): string | null {
    return this.#route === null ? null : this.#route.name;
  }

  /** The rule of the route, as it was written. */
  get rule(): string | null {
    return this.#route === null ? null : this.#route.rule.text;
  }

  get method(): string {
    return this.environ.REQUEST_METHOD;
  }

  /** What the application keeps for this request: a user, a connection. */
  get state(): RequestState {
    this.#state ??= {};
    return this.#state;
  }

  /** The query. @throws BadRequest when it is not UTF-8 */
  get args(): URLSearchParams {
    this.#args ??= readQuery(this.environ.QUERY_STRING);
    return this.#args;
  }

  /** The headers, by name in any case. */
  get headers(): RequestHeaders {
    this.#headers ??= new RequestHeaders(this.environ);
    return this.#headers;
  }

  /** The cookies, decoded. */
  get cookies(): ReadonlyMap<string, string> {
    this.#cookies ??= readCookies(this.environ.HTTP_COOKIE);
    return this.#cookies;
  }

  /** The session. @throws TSGIError when no session middleware is around the application */
  get session(): Session {
    return sessionOf(this.environ);
  }

  /** Address of the client; empty on a unix socket. */
  get remoteAddr(): string {
    return this.environ.REMOTE_ADDR ?? "";
  }

  /** The address that the client asked for. */
  get url(): string {
    return requestUri(this.environ);
  }

  get isSecure(): boolean {
    return this.environ["wsgi.url_scheme"] === "https";
  }

  /** Name of this request in logs; empty when the server gives none. */
  get id(): string {
    const id = this.environ["tsgi.request_id"];
    return typeof id === "string" ? id : "";
  }

  /** Fires when the client leaves before the response is complete. */
  get signal(): AbortSignal {
    return this.environ["tsgi.signal"] ?? NEVER;
  }

  /** The body as it comes. */
  get stream(): InputStream {
    return this.environ["wsgi.input"];
  }

  /** Media type of the body, in lower case and without parameters; empty when none is named. */
  get type(): string {
    return mediaTypeOf(this.environ.CONTENT_TYPE);
  }

  /** Whether the client would rather have JSON than a page. */
  get prefersJson(): boolean {
    return prefersJson(this.environ);
  }

  /**
   * Chooses the media type that the client likes best.
   *
   * @param types - that can be had, the best first
   * @returns null when it takes none of them
   */
  accepts<const Type extends string>(...types: readonly Type[]): Type | null {
    return acceptedOf(this.environ["HTTP_ACCEPT"], types);
  }

  /** The whole body. @throws RequestBodyError (413) when it is longer than the application allows */
  bytes(): Promise<Bytes> {
    this.#bytes ??= readBytes(this.environ, { limit: this.#route?.options.maxBodyBytes ?? this.#owner.maxBodyBytes });
    return this.#bytes;
  }

  /** The whole body as text. @throws BadRequest when it is not UTF-8 */
  async text(): Promise<string> {
    return decodeUtf8(await this.bytes(), "The body");
  }

  /**
   * The whole body, parsed.
   *
   * @returns the value; its type is the client's choice, so check it, or give the route a schema
   * @throws UnsupportedMediaType when Content-Type is not JSON; BadRequest when the body is none
   */
  async json(): Promise<unknown> {
    if (!isJson(this.environ.CONTENT_TYPE ?? "")) {
      throw new UnsupportedMediaType(
        `Expected a body of application/json, got ${this.type === "" ? "no type" : this.type}`,
      );
    }
    const text = await this.text();
    try {
      return JSON.parse(text) as unknown;
    } catch (cause) {
      throw new BadRequest(`Expected a body of JSON, got ${text === "" ? "nothing" : (cause as Error).message}`, {
        cause,
      });
    }
  }

  /**
   * The form that was sent: its text fields and its files, read once.
   *
   * @param options - limits, in front of those of the route; those of the first call count
   * @throws FormError 415 when the body is no form; 400 when it is malformed or not UTF-8; 413 beyond a limit
   */
  form(options: FormOptions = {}): Promise<Form> {
    this.#form ??= import("../forms/parse-form.ts").then(({ parseForm }) =>
      parseForm(this.environ, { ...this.#route?.options.formLimits, ...options }),
    );
    return this.#form;
  }

  /** The files of the form, by the name of their field. @throws FormError as {@link form} */
  async files(name?: string): Promise<FormFile[]> {
    return (await this.form()).files(name);
  }

  /**
   * Writes the address of a route as the client sees it, below where the application is mounted.
   *
   * @param name - of the route, or its rule; `.name` is one of the same blueprint
   * @throws FrameworkError for an unknown name, and for a value that is missing, surplus, or does not fit
   */
  urlFor(name: string, values: RuleValues = {}, options: UrlOptions = {}): string {
    return this.#owner.urlOf(this, name, values, options);
  }

  /** Has a function see, or replace, the response to this request alone; before all hooks. */
  afterThisRequest(change: (response: Response) => Response | void | Promise<Response | void>): void {
    this.#afterThis ??= [];
    this.#afterThis.push(change);
  }

  /** What {@link Request.afterThisRequest} was given. */
  takeAfterThis(): readonly ((response: Response) => unknown)[] {
    return this.#afterThis ?? NOTHING;
  }
}

const NEVER = new AbortController().signal;
const NOTHING: readonly never[] = [];

/** The headers of a request. */
export class RequestHeaders {
  readonly #environ: WSGIEnvironment;

  constructor(environ: WSGIEnvironment) {
    this.#environ = environ;
  }

  /** Gives a header as text, null when there is none. @throws BadRequest when it is not UTF-8 */
  get(name: string): string | null {
    const upper = name.toUpperCase().replaceAll("-", "_");
    const value = this.#environ[upper === "CONTENT_TYPE" || upper === "CONTENT_LENGTH" ? upper : `HTTP_${upper}`];
    return typeof value === "string" && (value !== "" || upper.startsWith("HTTP_"))
      ? decodeText(value, `The header "${name}"`)
      : null;
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }

  /** All of them, names in lower case. */
  entries(): [name: string, value: string][] {
    const found: [string, string][] = [];
    for (const [key, value] of Object.entries(this.#environ)) {
      if (typeof value !== "string" || value === "") continue;
      const [, name] = /^(?:HTTP_(.+)|(?=CONTENT_(?:TYPE|LENGTH)$))/.exec(key) ?? [];
      if (name === undefined && !key.startsWith("CONTENT_")) continue;
      found.push([(name ?? key).toLowerCase().replaceAll("_", "-"), decodeText(value, `The header "${name ?? key}"`)]);
    }
    return found;
  }
}

/** Percent signs that no two digits follow stay, as in forms (WHATWG URL section 1.3). */
function readQuery(query: string): URLSearchParams {
  if (query === "") return new URLSearchParams();
  const bytes = query.replaceAll(/%([\da-f]{2})/gi, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  decodeText(bytes, "The query"); // what URLSearchParams would replace by U+FFFD
  return new URLSearchParams(decodeText(query, "The query"));
}

function readCookies(header: string | undefined): ReadonlyMap<string, string> {
  if (header === undefined) return new Map();
  return new Map(Object.entries(parseCookies(header)).map(([name, value]) => [name, value ?? ""]));
}
