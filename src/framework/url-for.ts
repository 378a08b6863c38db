// The addresses of routes, written from their names and values. Source: Flask's url_for; PEP 3333 "URL Reconstruction" for what stands in
// front of a path.
import { suggestion } from "../nearest-name.ts";
import type { WSGIEnvironment } from "../wsgi/types.ts";
import { applicationUri, quotedPath } from "../wsgi/url.ts";
import { FrameworkError } from "./errors.ts";
import { builtSubdomain } from "./subdomain.ts";
import type { RuleParams } from "./rule-params.ts";
import type { Rule, RuleValues } from "./rule.ts";

/** Values of a query: lists repeat the name, undefined and null leave it out. */
export type QueryValues = Readonly<Record<string, QueryValue | readonly QueryValue[]>>;
type QueryValue = string | number | boolean | null | undefined;

/** What an address has beside its path. */
export interface UrlOptions {
  readonly query?: QueryValues;
  /** What follows the `#`. */
  readonly anchor?: string;
  /** Whether scheme and host stand in front. The host is the one that the client named: put `allowed-hosts` around. @default false */
  readonly external?: boolean;
}

/** What `urlFor` takes after the name, by the rule behind it: nothing where there are no values. */
export type UrlArguments<Text extends string, Own> = string extends Text
  ? [values?: RuleValues, options?: UrlOptions]
  : keyof RuleParams<Text, Own> extends never
    ? [values?: RuleParams<Text, Own>, options?: UrlOptions]
    : [values: RuleParams<Text, Own>, options?: UrlOptions];

/** A route with an address. */
export interface NamedRoute {
  readonly name: string;
  readonly rule: Rule;
  readonly subdomain: Rule | null;
}

/** Where a route is. */
export interface Address {
  /** Encoded, from "/". */
  readonly path: string;
  /** "" for routes of any host. */
  readonly subdomain: string;
}

/** Finds routes by name, or by their rule. */
export class RouteNames {
  readonly #byName = new Map<string, NamedRoute[]>();
  readonly #byRule = new Map<string, NamedRoute>();

  constructor(routes: readonly NamedRoute[]) {
    for (const route of routes) {
      const known = this.#byName.get(route.name);
      if (known === undefined) this.#byName.set(route.name, [route]);
      else known.push(route);
      if (!this.#byRule.has(route.rule.text)) this.#byRule.set(route.rule.text, route);
    }
  }

  /**
   * Writes an address.
   *
   * @param name - several rules may have it: the one with exactly these values is taken
   * @throws FrameworkError for an unknown name, and for a value that is missing, surplus, or does not fit
   */
  build(name: string, values: RuleValues): Address {
    const byRule = this.#byRule.get(name);
    const routes = this.#byName.get(name) ?? (byRule === undefined ? undefined : [byRule]);
    if (routes === undefined) {
      throw new FrameworkError(`There is no route "${name}"${suggestion(name, [...this.#byName.keys()])}`);
    }
    const given = Object.keys(values).filter((each) => values[each] !== undefined);
    const found = routes.find((route) => {
      const places = placesOf(route);
      return places.length === given.length && places.every((place) => given.includes(place));
    });
    const [first] = routes;
    const { rule, subdomain } = (found ?? first) as NamedRoute; // a name has a route
    if (subdomain === null) return { path: rule.build(values), subdomain: "" };
    const ofHost = new Set(subdomain.values.map((value) => value.name));
    const entries = Object.entries(values);
    return {
      path: rule.build(Object.fromEntries(entries.filter(([key]) => !ofHost.has(key)))),
      subdomain: builtSubdomain(subdomain, Object.fromEntries(entries.filter(([key]) => ofHost.has(key)))),
    };
  }
}

function placesOf({ rule, subdomain }: NamedRoute): string[] {
  return [...rule.values, ...(subdomain?.values ?? [])].map((value) => value.name);
}

/**
 * Puts around a path what belongs to it.
 *
 * @param path - encoded, from "/"
 * @param environ - of the request; null outside of one
 * @param host - where the path is; null at the host that the client asked
 */
export function completeUrl(
  path: string,
  options: UrlOptions,
  environ: WSGIEnvironment | null,
  host: string | null,
): string {
  const { query, anchor, external = false } = options;
  const tail = queryText(query) + (anchor === undefined ? "" : `#${encodeURIComponent(anchor)}`);
  if (environ === null) {
    if (external)
      throw new FrameworkError("An external address needs a request, which names the host; use request.urlFor");
    return path + tail;
  }
  if (host !== null) return `${environ["wsgi.url_scheme"]}://${host}${quotedPath(environ.SCRIPT_NAME)}${path}${tail}`;
  if (!external) return quotedPath(environ.SCRIPT_NAME) + path + tail;
  return applicationUri(environ).replace(/\/$/, "") + path + tail;
}

function queryText(query: QueryValues | undefined): string {
  if (query === undefined) return "";
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const each of Array.isArray(value) ? (value as readonly QueryValue[]) : [value as QueryValue]) {
      if (each !== undefined && each !== null) pairs.append(name, String(each));
    }
  }
  const text = pairs.toString();
  return text === "" ? "" : `?${text}`;
}
