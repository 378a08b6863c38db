// What an application and a blueprint have in common: routes, hooks, error handlers, blueprints in them. Here they are only collected.
// Source: Flask's Scaffold.
import type { FormLimits } from "../forms/limits.ts";
import { isToken } from "../wsgi/head-rules.ts";
import type { StartResponse, WSGIBody, WSGIEnvironment } from "../wsgi/types.ts";
import type { ConverterSource } from "./converters.ts";
import { FrameworkError } from "./errors.ts";
import type { HTTPError } from "./http-error.ts";
import type { Request } from "./request.ts";
import type { Response } from "./response.ts";
import type { Result } from "./result.ts";
import { sendFromDirectory, type SendOptions } from "./files.ts";
import type { HandlerParams, RouteSchemas } from "./validation.ts";

/** What a route may have beside its rule and its handler. */
export interface RouteOptions extends RouteSchemas {
  /** @default those that the method of the application names; `route` takes GET */
  readonly methods?: readonly string[];
  /** Whether a slash at the end of a path counts: with `false` the rule matches with and without it. @default that of the application */
  readonly strictSlashes?: boolean;
  /** For `urlFor`. @default the name of the handler's function; the rule where it has none */
  readonly name?: string;
  /** How large its forms may be, where those of `tsgi/forms` do not fit: a route that takes uploads allows more. */
  readonly formLimits?: Partial<FormLimits>;
  /** Most bytes of a body that `json`, `text` and `bytes` read. @default that of the application */
  readonly maxBodyBytes?: number;
  /** One line for OpenAPI. */
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly isDeprecated?: boolean;
  /** Security requirements of OpenAPI. */
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
}

/** Answers a request. */
export type Handler<Params = never> = (request: Request, params: Params) => Result | Promise<Result>;
/** Runs before the handler; a result ends the request. */
export type BeforeHook = (request: Request) => Result | void | null | Promise<Result | void | null>;
/** Sees the response, changes it, or gives another one. */
export type AfterHook = (response: Response, request: Request) => Response | void | Promise<Response | void>;
/** Runs when all is done; `error` is what no handler took, null if nothing. */
export type TeardownHook = (error: unknown, request: Request) => void | Promise<void>;
/** Answers for an error. */
export type ErrorHandler<Failure = never> = (error: Failure, request: Request) => Result | Promise<Result>;

/** A class of errors. */
export type ErrorClass<Failure> = abstract new (...values: never[]) => Failure;

/** A handler, whatever its parameters are: the router gives it those of its rule. */
export type AnyHandler = Handler;

/** A route as the application defines it. */
export interface RouteDefinition {
  readonly rule: string;
  readonly methods: readonly string[];
  readonly options: RouteOptions;
  readonly handler: AnyHandler;
  readonly name: string;
  /** Made where the route was: its stack says in which line. */
  readonly place: Error;
}

/** What an application or a blueprint defines. */
export interface ScaffoldParts {
  readonly definitions: readonly RouteDefinition[];
  readonly registrations: readonly Registration[];
  readonly beforeHooks: readonly BeforeHook[];
  readonly afterHooks: readonly AfterHook[];
  readonly teardownHooks: readonly TeardownHook[];
  readonly statusHandlers: ReadonlyMap<number, ErrorHandler>;
  readonly classHandlers: ReadonlyMap<unknown, ErrorHandler>;
  readonly converters: ReadonlyMap<string, ConverterSource>;
}

/** What registering needs of a blueprint. */
export interface BlueprintParts extends ScaffoldParts {
  readonly name: string;
  readonly prefix: string;
  readonly subdomain: string | null;
  close(): void;
}

/** A blueprint in another one, or in the application. */
export interface Registration {
  readonly blueprint: BlueprintParts;
  readonly prefix: string;
  readonly name: string;
  readonly subdomain: string | null;
}

/** How a blueprint is registered. */
export interface RegisterOptions {
  /** @default that of the blueprint */
  readonly prefix?: string;
  /** Part of the names of its routes. @default that of the blueprint */
  readonly name?: string;
  /** @default that of the blueprint */
  readonly subdomain?: string;
}

/**
 * Makes a static method the handler of a route. One of objects becomes it when an object is made, where decorators are those of
 * ECMAScript; jiti, which runs the files of `tsgi`, knows the older kind only.
 */
type RouteDecorator = (method: AnyHandler, context: ClassMethodDecoratorContext) => void;

/** `app.route` as a decorator. */
export type DecoratingFunction = (rule: string, options?: RouteOptions) => RouteDecorator;

/** How a route is defined. */
export interface RouteFunction<Own, Before extends string = ""> {
  /** @throws FrameworkError when the rule cannot be read, or another one matches the same paths */
  <Self, const Rule extends string>(
    this: Self,
    rule: Rule,
    handler: Handler<HandlerParams<`${Before}${Rule}`, Own, unknown>>,
  ): WithRoute<Self, Rule, unknown>;
  /** @param options - schemas, a name, what OpenAPI says of it */
  <Self, const Rule extends string, const Options extends RouteOptions>(
    this: Self,
    rule: Rule,
    options: Options,
    handler: Handler<HandlerParams<`${Before}${Rule}`, Own, Options>>,
  ): WithRoute<Self, Rule, Options>;
}

/** How files of a directory are sent. */
export interface StaticRouteOptions extends SendOptions {
  /** Name of the route. @default "static" */
  readonly name?: string;
}

/** What the compiler remembers of the routes that were defined in one chain of calls. */
export interface KnownRoutes<Routes> {
  readonly knownRoutes?: Routes;
}

/** The name under which `urlFor` of a chain of calls knows a route. */
export type NameOf<Rule extends string, Options> = Options extends { readonly name: infer Name extends string }
  ? Name
  : Rule;

type WithRoute<Self, Rule extends string, Options> = Self &
  KnownRoutes<{ readonly [Name in NameOf<Rule, Options>]: Rule }>;

/** What an object does that is called as a WSGI application. */
type Call = (self: object, environ: WSGIEnvironment, startResponse: StartResponse) => WSGIBody | Promise<WSGIBody>;

/** An object, or a function with the methods of one where it can be called. */
class Callable {
  constructor(call: Call | null) {
    if (call === null) return;
    const self: object = Object.setPrototypeOf(
      (environ: WSGIEnvironment, startResponse: StartResponse) => call(self, environ, startResponse),
      new.target.prototype,
    ) as object;
    return self as this;
  }

  get [Symbol.toStringTag](): string {
    return this.constructor.name;
  }
}

/** Routes, hooks and error handlers. `Before` is what stands in front of each rule and may have values too: subdomain and prefix. */
export abstract class Scaffold<Own extends object = object, Before extends string = "">
  extends Callable
  implements ScaffoldParts
{
  readonly definitions: RouteDefinition[] = [];
  readonly registrations: Registration[] = [];
  readonly beforeHooks: BeforeHook[] = [];
  readonly afterHooks: AfterHook[] = [];
  readonly teardownHooks: TeardownHook[] = [];
  readonly statusHandlers = new Map<number, ErrorHandler>();
  readonly classHandlers = new Map<unknown, ErrorHandler>();
  readonly converters: ReadonlyMap<string, ConverterSource>;

  protected constructor(converters: object | undefined, call: Call | null) {
    super(call);
    this.converters = new Map(Object.entries(converters ?? {}) as [string, ConverterSource][]);
  }

  /** Throws when it is too late for a change. @param what - was to be done */
  protected abstract checkOpen(what: string): void;

  /** Called with each route that is defined. */
  protected abstract defined(definition: RouteDefinition): void;

  /** Called with each blueprint that is registered. */
  protected abstract registered(registration: Registration): void;

  /** Defines a route for GET, and HEAD with it; `methods` of the options names others. */
  readonly route: RouteFunction<Own, Before> & DecoratingFunction = this.#routeFunction(null);
  readonly get: RouteFunction<Own, Before> = this.#routeFunction("GET");
  readonly post: RouteFunction<Own, Before> = this.#routeFunction("POST");
  readonly put: RouteFunction<Own, Before> = this.#routeFunction("PUT");
  readonly patch: RouteFunction<Own, Before> = this.#routeFunction("PATCH");
  readonly delete: RouteFunction<Own, Before> = this.#routeFunction("DELETE");

  /** Runs before each handler, in the order of definition; those of the application first. */
  before(hook: BeforeHook): this {
    return this.#keep(this.beforeHooks, hook, "add a hook");
  }

  /** Sees each response, in the opposite order; those of the application last. */
  after(hook: AfterHook): this {
    return this.#keep(this.afterHooks, hook, "add a hook");
  }

  /** Runs when a request is over, however it ended, in the opposite order. */
  teardown(hook: TeardownHook): this {
    return this.#keep(this.teardownHooks, hook, "add a hook");
  }

  /**
   * Has a handler answer for errors of a status, or of a class and all below it.
   *
   * @example
   * app.errorHandler(404, () => [html`<h1>Nothing here</h1>`, 404]);
   */
  errorHandler(status: number, handler: ErrorHandler<HTTPError>): this;
  errorHandler<Failure>(failure: ErrorClass<Failure>, handler: ErrorHandler<Failure>): this;
  errorHandler(what: unknown, handler: ErrorHandler): this {
    this.checkOpen("add an error handler");
    if (typeof what === "number") {
      if (!Number.isInteger(what) || what < 400 || what > 599) {
        throw new FrameworkError(`Status ${what} is no error; expected one from 400 to 599`);
      }
      this.statusHandlers.set(what, handler);
    } else {
      this.classHandlers.set(what, handler);
    }
    return this;
  }

  /** Adds the routes of a blueprint, below its prefix. */
  register(blueprint: BlueprintParts, options: RegisterOptions = {}): this {
    this.checkOpen(`register the blueprint "${blueprint.name}"`);
    const { prefix = blueprint.prefix, name = blueprint.name, subdomain = blueprint.subdomain } = options;
    const registration: Registration = { blueprint, prefix, name, subdomain };
    this.registrations.push(registration);
    this.registered(registration);
    return this;
  }

  /** Sends the files of a directory; the route is called "static" unless the options say otherwise. */
  static(prefix: string, directory: string, options: StaticRouteOptions = {}): this {
    const { name = "static", ...others } = options;
    const rule = `${prefix.replace(/\/$/, "")}/<path:filename>`;
    const send: AnyHandler = (_request, { filename }: { filename: string }) =>
      sendFromDirectory(directory, filename, others);
    return this.#define(rule, ["GET"], { name }, send);
  }

  #keep<Hook>(hooks: Hook[], hook: Hook, what: string): this {
    this.checkOpen(what);
    hooks.push(hook);
    return this;
  }

  #routeFunction(fixed: string | null): RouteFunction<Own, Before> & DecoratingFunction {
    const define = (rule: string, first?: RouteOptions | AnyHandler, second?: AnyHandler): unknown => {
      const options = typeof first === "object" ? first : {};
      const handler = typeof first === "function" ? first : second;
      const methods = fixed === null ? (options.methods ?? ["GET"]) : [fixed];
      if (handler !== undefined) return this.#define(rule, methods, options, handler);
      const defineRoute = this.#define.bind(this);
      return (decorated: unknown, context: ClassMethodDecoratorContext | PropertyKey) => {
        const name = typeof context === "object" ? context.name : context;
        const add = (self: unknown, method: AnyHandler): void => {
          defineRoute(rule, methods, { name: String(name), ...options }, method.bind(self));
        };
        if (typeof context === "object") {
          context.addInitializer(function defineMethod(this: unknown) {
            add(this, decorated as AnyHandler); // ECMAScript passes the method
          });
        } else if (typeof decorated === "function") {
          const owner = decorated as unknown as Readonly<Record<PropertyKey, AnyHandler>>; // the older kind passes the class
          add(owner, (request, params) => (owner[name] as AnyHandler).call(owner, request, params));
        } else {
          throw new FrameworkError(`The method "${String(name)}" is no static one; expected "static ${String(name)}"`);
        }
      };
    };
    return define as RouteFunction<Own, Before> & DecoratingFunction; // the overloads are those of the interfaces
  }

  #define(rule: string, methods: readonly string[], options: RouteOptions, handler: AnyHandler): this {
    this.checkOpen(`define "${rule}"`);
    for (const method of methods) {
      if (isToken(method) && method === method.toUpperCase()) continue;
      throw new FrameworkError(`Route "${rule}" has the method "${method}"; expected one in capitals, such as "GET"`);
    }
    const name = options.name ?? (handler.name.replace(/^bound /, "") || rule);
    const definition = { rule, methods, options, handler, name, place: new Error(rule) };
    this.definitions.push(definition);
    this.defined(definition);
    return this;
  }
}
