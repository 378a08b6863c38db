// Chooses an application by path expression and method: 404 when no path fits, 405 with Allow when no method does. What matched moves from
// PATH_INFO to SCRIPT_NAME, the pieces go into wsgiorg.routing_args. Source: Luke Arno's Selector; the routing_args specification of
// wsgi.org; RFC 9110 sections 15.5.5, 15.5.6 and 10.2.1.
import type { AppLoader } from "../deploy/factories.ts";
import { toApplication } from "../wsgi/application.ts";
import type { WSGIApplication, WSGIApplicationLike, WSGIEnvironment } from "../wsgi/types.ts";
import { answering, sendAnswer } from "./writing/answer.ts";
import { MiddlewareOptionError } from "./errors.ts";
import { head } from "./head.ts";
import { lines, type Configuration } from "./writing/options.ts";
import { compilePath, type CompiledPath, type PathTypes } from "./selector/path-expression.ts";

/** One path with its applications. */
export interface SelectorRoute {
  /** A path expression such as `/users/{id:digits}[/edit]`; with a `|` at the end, more of the path may follow. */
  readonly path: string;
  /** Applications by method, in capitals; `_ANY_` answers the methods that are not named, and GET answers HEAD unless that is named. */
  readonly methods: Readonly<Record<string, WSGIApplicationLike>>;
}

/** Options of {@link selector}. */
export interface SelectorOptions {
  /** In the order in which they are tried. */
  readonly routes: readonly SelectorRoute[];
  /** Prefix of each path. @default "" */
  readonly prefix?: string;
  /** Further types for path expressions: sources of regular expressions. @default word, alpha, digits, number, chunk, segment, any */
  readonly types?: PathTypes;
  /** Answers if no path matches. @default 404 in plain text */
  readonly notFound?: WSGIApplicationLike;
  /** Answers if the path matches but not the method; `environ["selector.methods"]` has the allowed methods. @default 405 with Allow */
  readonly methodNotAllowed?: WSGIApplicationLike;
  /** Whether the matched path moves to SCRIPT_NAME. @default true */
  readonly consumesPath?: boolean;
}

/** The value of `wsgiorg.routing_args`: pieces by position and by name, native strings as in PATH_INFO. */
export type RoutingArgs = readonly [positional: readonly string[], named: Readonly<Record<string, string>>];

/** Key of the environ with the matched pieces of the path. */
export const ROUTING_ARGS = "wsgiorg.routing_args";
/** Key of the environ with the methods that the path has. */
export const SELECTOR_METHODS = "selector.methods";
/** Key of the environ with the matched parts of the path, one for each selector on the way. */
export const SELECTOR_MATCHES = "selector.matches";

const ANY_METHOD = "_ANY_";

interface CompiledRoute extends CompiledPath {
  readonly methods: ReadonlyMap<string, WSGIApplication>;
}

/**
 * Chooses an application by path and method. A path may be in several routes; their methods are combined.
 *
 * In a pipeline: at the end; each application may have its own middleware.
 *
 * @throws MiddlewareOptionError for a path that cannot be compiled, or a route without methods
 * @example
 * const application = selector({
 *   routes: [
 *     { path: "/users", methods: { GET: list, POST: create } },
 *     { path: "/users/{id:digits}[/edit]", methods: { GET: show } },
 *   ],
 * });
 */
export function selector(options: SelectorOptions): WSGIApplication {
  const { prefix = "", types = {}, consumesPath = true } = options;
  const heads = new Set(options.routes.filter(({ methods }) => "HEAD" in methods).map(({ path }) => path));
  const routes = options.routes.map((route) => compileRoute(route, prefix, types, heads.has(route.path)));
  const notFound = toApplication(options.notFound ?? answering({ status: 404 }));
  const methodNotAllowed = toApplication(options.methodNotAllowed ?? refuseMethod);

  return function selectByPath(environ, startResponse) {
    const path = environ.PATH_INFO;
    const method = environ.REQUEST_METHOD;
    let allowed: Set<string> | null = null;
    for (const route of routes) {
      const match = route.match(path);
      if (match === null) continue;
      const application = route.methods.get(method) ?? route.methods.get(ANY_METHOD);
      if (application !== undefined) {
        tell(environ, route, match);
        if (consumesPath) {
          environ.SCRIPT_NAME += match[0];
          environ.PATH_INFO = path.slice(match[0].length);
        }
        return application(environ, startResponse);
      }
      allowed ??= new Set();
      for (const name of route.methods.keys()) allowed.add(name);
    }
    environ[SELECTOR_METHODS] = allowed === null ? [] : [...allowed];
    return allowed === null ? notFound(environ, startResponse) : methodNotAllowed(environ, startResponse);
  };
}

/**
 * The composite `egg:tsgi#selector`: each line of `routes` has methods (joined by commas, or `*`), a path expression and the name of
 * an application; `not_found_app` names the one for other paths, `prefix` goes before each path.
 *
 * @throws MiddlewareOptionError for a line that is no route, or an unknown key
 */
export async function compositeFactory(
  loader: AppLoader,
  globalConf: Configuration,
  localConf: Configuration,
): Promise<WSGIApplication> {
  const { routes: table = "", prefix = "", not_found_app: notFound, ...others } = localConf;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    throw new MiddlewareOptionError(`Unknown option "${unknown}"; expected "routes", "prefix" or "not_found_app"`);
  }
  const load = (name: string): Promise<WSGIApplication> => loader.getApp(name, { ...globalConf });
  const routes: SelectorRoute[] = [];
  for (const line of lines(table, "routes")) {
    const [, methods, path, name] = /^(\S+)\s+(\/\S*)\s+(\S+)$/.exec(line) ?? [];
    if (methods === undefined || path === undefined || name === undefined) {
      throw new MiddlewareOptionError(`Option "routes" has the line "${line}"; expected "METHOD /path application"`);
    }
    const application = await load(name);
    const entries = methods
      .split(",")
      .map((method) => [method === "*" ? ANY_METHOD : method.toUpperCase(), application]);
    routes.push({ path, methods: Object.fromEntries(entries) as Record<string, WSGIApplication> });
  }
  return selector({ routes, prefix, ...(notFound === undefined ? {} : { notFound: await load(notFound) }) });
}

/** @param hasHead - whether some route of this path has the method HEAD; otherwise what answers GET answers it (RFC 9110 §9.3.2) */
function compileRoute(
  { path, methods }: SelectorRoute,
  prefix: string,
  types: PathTypes,
  hasHead: boolean,
): CompiledRoute {
  const entries = Object.entries(methods).map(([name, target]) => [name, toApplication(target)] as const);
  if (entries.length === 0) throw new MiddlewareOptionError(`Route "${path}" has no methods; expected one or more`);
  const all = new Map(entries);
  const get = all.get("GET");
  if (get !== undefined && !hasHead) all.set("HEAD", head()(get));
  return { ...compilePath(prefix + path, types), methods: all };
}

/** Returns the matched pieces of the path, by position and by name; empty if no route matched. */
export function routingArgs(environ: WSGIEnvironment): RoutingArgs {
  return (environ[ROUTING_ARGS] as RoutingArgs | undefined) ?? [[], {}]; // written by tell(), or by a router of the same convention
}

/** Writes what was found into the environ; what an outer selector has found stays. */
function tell(environ: WSGIEnvironment, route: CompiledRoute, match: readonly (string | undefined)[]): void {
  const [outerPositional, outerNamed] = routingArgs(environ);
  const positional = [...outerPositional];
  const named: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [index, name] of route.names.entries()) {
    const piece = match[index + 1];
    if (piece === undefined) continue; // in a bracket that is missing
    if (name === null) positional.push(piece);
    else named[name] = piece;
  }
  environ[ROUTING_ARGS] = [positional, Object.assign(named, outerNamed)] satisfies RoutingArgs;
  environ[SELECTOR_METHODS] = [...route.methods.keys()];
  environ[SELECTOR_MATCHES] = [...((environ[SELECTOR_MATCHES] as string[] | undefined) ?? []), match[0]];
}

const refuseMethod: WSGIApplication = (environ, startResponse) => {
  const methods = environ[SELECTOR_METHODS] as readonly string[]; // set before this is called
  return sendAnswer(environ, startResponse, { status: 405, headers: [["Allow", methods.join(", ")]] });
};
