// The application: a WSGI application that is written as routes and hooks. Source: Flask's application object.
import { urlMap, type UrlMapEntry } from "../middleware/url-map.ts";
import { TestClient, type TestClientOptions } from "../testing/test-client.ts";
import type { StartResponse, WSGIApplication, WSGIApplicationLike, WSGIBody, WSGIEnvironment } from "../wsgi/types.ts";
import { quotedPath } from "../wsgi/url.ts";
import { type CompiledRoute, RouteCollection } from "./compiled-route.ts";
import { decodeText } from "./decode-text.ts";
import { FrameworkError } from "./errors.ts";
import { runDirect } from "./direct.ts";
import { Dispatch, type Instead } from "./dispatch.ts";
import { Hosts } from "./hosts.ts";
import { raw, type SafeHtml } from "./html.ts";
import { MethodNotAllowed, NotFound } from "./http-error.ts";
import { openApiOf, type OpenApiInfo } from "./openapi.ts";
import { type ListedRoute, listRoutes } from "./route-list.ts";
import type { TemplateEngine } from "./templates.ts";
import { Request, type RequestOwner } from "./request.ts";
import { withRequest } from "./request-context.ts";
import { redirect } from "./redirect.ts";
import { Response } from "./response.ts";
import type { RunOptions } from "./run-options.ts";
import type { Found } from "./route-table.ts";
import { encodeSegment, type RuleValues } from "./rule.ts";
import type { OwnConverters } from "./rule-params.ts";
import { type KnownRoutes, type Registration, type RouteDefinition, Scaffold } from "./scaffold.ts";
import { type Address, completeUrl, RouteNames, type UrlArguments, type UrlOptions } from "./url-for.ts";

/** How an application behaves. */
export interface AppOptions<Own extends object = object> {
  /** Further converters for its rules. */
  readonly converters?: Own & OwnConverters;
  /**
   * Whether errors of the application go on to whatever is around it, such as `show-exceptions`, and responses are checked against their
   * schemas. @default whether NODE_ENV is "development"
   */
  readonly isDevelopment?: boolean;
  /** Most bytes of a body that `json`, `text` and `bytes` read. @default 1048576 */
  readonly maxBodyBytes?: number;
  /** Host with which subdomains begin, such as `example.com`. @default routes count for any host */
  readonly serverName?: string;
  /** Whether a slash at the end of a path counts; a route may say otherwise. @default true */
  readonly strictSlashes?: boolean;
  /** Renders templates for `render`. @default none */
  readonly templates?: TemplateEngine;
  /** Whether `getRequest()` works. @default false */
  readonly hasRequestContext?: boolean;
}

const NO_VALUES: RuleValues = {};

type RoutesOf<Self> = Self extends KnownRoutes<infer Routes> ? Routes : object;
/** The rule behind a name, as far as the compiler knows it; a name from "/" is a rule itself. */
type RuleOf<Name extends string, Routes> = Name extends keyof Routes
  ? Routes[Name] extends string
    ? Routes[Name]
    : string
  : Name extends `/${string}`
    ? Name
    : string;

/** The methods of an application; it is also a function, which answers requests. */
class Application<Own extends object = object> extends Scaffold<Own> implements RequestOwner {
  readonly maxBodyBytes: number;
  /** Values that the application keeps for all requests. */
  readonly config = new Map<string, unknown>();
  readonly #options: AppOptions<Own>;
  readonly #isDevelopment: boolean;
  readonly #routes: RouteCollection;
  readonly #mounts: UrlMapEntry[] = [];
  #mounted: WSGIApplication | null = null;
  #hosts: Hosts | null = null;
  #names: RouteNames | null = null;

  constructor(options: AppOptions<Own> = {}) {
    super(options.converters, (self, environ, startResponse) => (self as Application).#answer(environ, startResponse));
    this.#options = options;
    this.#isDevelopment = options.isDevelopment ?? process.env["NODE_ENV"] === "development";
    this.maxBodyBytes = options.maxBodyBytes ?? 1_048_576;
    this.#routes = new RouteCollection(this, options.strictSlashes ?? true);
  }

  /** All routes, in the order of definition. */
  get routes(): readonly CompiledRoute[] {
    return this.#routes.routes;
  }

  /**
   * Mounts a WSGI application, a Python one too: it answers for all paths below, before any route.
   *
   * @param path - such as "/old"
   */
  mount(path: string, application: WSGIApplicationLike): this {
    this.checkOpen(`mount "${path}"`);
    this.#mounts.push({ path, application });
    this.#mounted = urlMap(this.#mounts, { notFound: (environ, startResponse) => this.#route(environ, startResponse) });
    return this;
  }

  /**
   * Writes the path of a route, as it is below the application; `request.urlFor` knows where that is mounted.
   *
   * @param name - of the route, or its rule
   * @throws FrameworkError for an unknown name, and for a value that is missing, surplus, or does not fit
   */
  urlFor<Self, const Name extends string>(
    this: Self,
    name: Name,
    ...[values, options]: UrlArguments<RuleOf<Name, RoutesOf<Self>>, Own>
  ): string {
    const app = this as unknown as Application; // it is called on an application
    return completeUrl(app.#addressOf(name, values ?? {}).path, options ?? {}, null, null);
  }

  /** Writes the address of a route for a request: it knows where the application is mounted. */
  urlOf(request: Request, name: string, values: RuleValues, options: UrlOptions): string {
    const own = name.startsWith(".") ? relativeName(request.endpoint, name) : name;
    const { path, subdomain } = this.#addressOf(own, values);
    const host = (this.#hosts ??= this.#compile()).elsewhere(request.environ, subdomain);
    return completeUrl(path, options, request.environ, host);
  }

  /** Renders a template to a page. @throws FrameworkError without the option "templates" */
  async render(name: string, data: Readonly<Record<string, unknown>> = {}): Promise<SafeHtml> {
    const { templates } = this.#options;
    if (templates === undefined) throw new FrameworkError('There are no templates; expected the option "templates"');
    return raw(await templates(name, data));
  }

  /** Describes the routes as OpenAPI 3.1. */
  openapi(info: OpenApiInfo): Readonly<Record<string, unknown>> {
    return openApiOf(this.routes, info);
  }

  /** Lists the routes, for `tsgi routes`. */
  listRoutes(): ListedRoute[] {
    return listRoutes(this.routes);
  }

  /** Gives a client for tests, which calls the application without a server. */
  test(options: TestClientOptions = {}): TestClient {
    return new TestClient(this as unknown as WSGIApplication, options);
  }

  /**
   * Serves the application in this process, for scripts and development; `tsgi app.ts` is the server for production.
   *
   * @returns a promise that is fulfilled when the server is closed
   */
  async run(options: RunOptions = {}): Promise<void> {
    const { runApp } = await import("./run-app.ts");
    await runApp(this as unknown as WSGIApplication, options, this.#isDevelopment);
  }

  protected override checkOpen(what: string): void {
    if (this.#hosts === null) return;
    if (!this.#isDevelopment) {
      throw new FrameworkError(`Cannot ${what}: the application has answered requests already; do it before`);
    }
    this.#hosts = null;
    this.#names = null;
  }

  protected override defined(definition: RouteDefinition): void {
    this.#names = null;
    this.#routes.add(definition);
  }

  protected override registered(registration: Registration): void {
    this.#names = null;
    this.#routes.register(registration);
  }

  #answer(environ: WSGIEnvironment, startResponse: StartResponse): WSGIBody | Promise<WSGIBody> {
    return this.#mounted === null ? this.#route(environ, startResponse) : this.#mounted(environ, startResponse);
  }

  #route(environ: WSGIEnvironment, startResponse: StartResponse): WSGIBody | Promise<WSGIBody> {
    const hosts = (this.#hosts ??= this.#compile());
    let path = "/";
    let found: Found<CompiledRoute> | null = null;
    let instead: Instead | null = null;
    try {
      path = decodeText(environ.PATH_INFO || "/", "The path");
      found = hosts.find(environ, path);
      if (found.kind !== "route") instead = insteadOf(found, environ);
    } catch (error) {
      instead = () => {
        throw error;
      };
    }
    const route = found?.kind === "route" ? found.route : null;
    const request = new Request(environ, path, this, route, found?.kind === "route" ? found.values : NO_VALUES);
    if (this.#options.hasRequestContext !== true) return this.#dispatch(request, route, instead, startResponse);
    return withRequest(request, () => this.#dispatch(request, route, instead, startResponse));
  }

  #dispatch(
    request: Request,
    route: CompiledRoute | null,
    instead: Instead | null,
    startResponse: StartResponse,
  ): WSGIBody | Promise<WSGIBody> {
    if (route?.isDirect === true && route.chain.isPlain) {
      return runDirect(request, route, startResponse, this.#isDevelopment);
    }
    const chain = route?.chain ?? this.#routes.ownChain;
    return new Dispatch(request, chain, route, instead, this.#isDevelopment).run(startResponse);
  }

  #compile(): Hosts {
    for (const chain of this.#routes.chains) chain.collect();
    return new Hosts(this.#routes.routes, this.#options.serverName);
  }

  #addressOf(name: string, values: RuleValues): Address {
    this.#names ??= new RouteNames(this.#routes.routes);
    return this.#names.build(name, values);
  }
}

/** An application of routes, which is a WSGI application: a function of an environ and startResponse. */
export type App<Own extends object = object> = Application<Own> & WSGIApplication;

/**
 * An application of routes.
 *
 * @example
 * const app = new App();
 * app.route("/", () => "Hello World!");
 * export const application = app;
 */
export const App = Application as unknown as new <Own extends object = object>(options?: AppOptions<Own>) => App<Own>;

/** Gives the answer to a request that has no route. */
function insteadOf(found: Exclude<Found<CompiledRoute>, { kind: "route" }>, environ: WSGIEnvironment): Instead {
  switch (found.kind) {
    case "none":
      return () => {
        throw new NotFound();
      };
    case "redirect":
      return () => {
        const query = environ.QUERY_STRING === "" ? "" : `?${environ.QUERY_STRING}`;
        return redirect(slashedLocation(environ, found.path) + query, 308);
      };
    case "method": {
      const allowed = [...found.allowed, "OPTIONS"].toSorted();
      return () => {
        if (environ.REQUEST_METHOD === "OPTIONS") return Response.of(200, [["Allow", allowed.join(", ")]], null);
        throw new MethodNotAllowed(allowed);
      };
    }
  }
}

/** The path is encoded anew, and never begins with the two slashes of a host. */
function slashedLocation(environ: WSGIEnvironment, path: string): string {
  return `${quotedPath(environ.SCRIPT_NAME)}${path.split("/").map(encodeSegment).join("/")}`.replace(/^\/{2,}/, "/");
}

/** `.name` is a route of the same blueprint. */
function relativeName(endpoint: string | null, name: string): string {
  const dot = (endpoint ?? "").lastIndexOf(".");
  return dot === -1 ? name.slice(1) : `${(endpoint ?? "").slice(0, dot)}${name}`;
}
