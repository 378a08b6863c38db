// Finds the route of a request among those of all hosts. Routes of a subdomain are for it alone; a subdomain may have values, as a path has:
// `<tenant>`. Source: Werkzeug's subdomain matching.
import { requestedHost } from "../middleware/writing/host.ts";
import type { WSGIEnvironment } from "../wsgi/types.ts";
import type { CompiledRoute } from "./compiled-route.ts";
import { FrameworkError } from "./errors.ts";
import { type Found, RouteTable } from "./route-table.ts";
import { Rule } from "./rule.ts";

/** The routes of one subdomain. */
interface Site {
  readonly subdomain: Rule;
  readonly table: RouteTable<CompiledRoute>;
}

/** The routes of an application, by host. */
export class Hosts {
  readonly #serverName: string;
  /** Routes for any host that no subdomain is for. */
  readonly #others: RouteTable<CompiledRoute>;
  /** In the order in which they are asked. */
  readonly #sites: readonly Site[];

  /**
   * @param serverName - with which subdomains begin
   * @throws FrameworkError for a subdomain without a server name
   */
  constructor(routes: readonly CompiledRoute[], serverName: string | undefined) {
    this.#serverName = (serverName ?? "").toLowerCase();
    const sites = new Map<string, { subdomain: Rule; routes: CompiledRoute[] }>();
    for (const route of routes) {
      const { subdomain } = route;
      if (subdomain === null) continue;
      const known = sites.get(subdomain.text);
      if (known === undefined) sites.set(subdomain.text, { subdomain, routes: [route] });
      else known.routes.push(route);
    }
    if (sites.size > 0 && serverName === undefined) {
      throw new FrameworkError('A blueprint has a subdomain, and the application no "serverName"; expected both');
    }
    this.#others = new RouteTable(routes.filter(({ subdomain }) => subdomain === null));
    this.#sites = [...sites.values()]
      .toSorted((left, right) => Rule.compare(left.subdomain, right.subdomain))
      .map((site) => ({ subdomain: site.subdomain, table: new RouteTable(site.routes) }));
  }

  /**
   * Finds the route of a request.
   *
   * @param path - decoded text, from "/"
   */
  find(environ: WSGIEnvironment, path: string): Found<CompiledRoute> {
    const method = environ.REQUEST_METHOD;
    if (this.#sites.length === 0) return this.#others.find(method, path);
    const name = this.#subdomainOf(environ);
    let best: Found<CompiledRoute> | null = null;
    for (const { subdomain, table } of this.#sites) {
      const values = name === "" ? null : subdomain.match(`/${name}`);
      if (values === null) continue;
      const found = table.find(method, path);
      if (found.kind === "route") return { ...found, values: { ...values, ...found.values } };
      if (best === null || best.kind === "none") best = found;
    }
    return best ?? this.#others.find(method, path);
  }

  /**
   * Tells at which host an address is, for a request.
   *
   * @param subdomain - of the address; "" for routes of any host
   * @returns null where it is at the one that the client asked
   */
  elsewhere(environ: WSGIEnvironment, subdomain: string): string | null {
    if (this.#sites.length === 0) return null;
    const name = this.#subdomainOf(environ);
    const isOfSite = name !== "" && this.#sites.some((site) => site.subdomain.match(`/${name}`) !== null);
    if ((isOfSite ? name : "") === subdomain) return null;
    const usual = environ["wsgi.url_scheme"] === "https" ? "443" : "80";
    const port = requestedHost(environ)?.port ?? usual;
    return `${subdomain === "" ? "" : `${subdomain}.`}${this.#serverName}${port === usual ? "" : `:${port}`}`;
  }

  #subdomainOf(environ: WSGIEnvironment): string {
    const name = requestedHost(environ)?.name ?? "";
    const suffix = `.${this.#serverName}`;
    return name.endsWith(suffix) ? name.slice(0, -suffix.length) : "";
  }
}
