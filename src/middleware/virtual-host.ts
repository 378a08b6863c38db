// Chooses an application by the host that the client asked for: full names, and `*.example.com` for all names below a domain. Source:
// RFC 9110 section 7.2 (Host); RFC 6125 section 6.4.3 for what a wildcard stands for.
import type { AppLoader } from "../deploy/factories.ts";
import { toApplication } from "../wsgi/application.ts";
import type { WSGIApplication, WSGIApplicationLike } from "../wsgi/types.ts";
import { answering } from "./writing/answer.ts";
import { MiddlewareOptionError } from "./errors.ts";
import { configuredHost, requestedHost } from "./writing/host.ts";
import type { Configuration } from "./writing/options.ts";

/** Options of {@link virtualHost}. */
export interface VirtualHostOptions {
  /**
   * Applications by host: `shop.example`, `shop.example:8080` for one port only, `*.example.com` for every name below it (not for
   * `example.com` itself). The part that the star matched is in `environ["tsgi.subdomain"]`.
   */
  readonly hosts: Readonly<Record<string, WSGIApplicationLike>>;
  /** Answers requests for other hosts. @default 404 in plain text */
  readonly notFound?: WSGIApplicationLike;
}

/** Key of the environ with the part that the star matched, for example `tenant1`. */
export const SUBDOMAIN = "tsgi.subdomain";

/**
 * Chooses an application by host. A full name wins over a wildcard, a longer wildcard over a shorter one, and a name with a port over one
 * without. A malformed Host gets 400.
 *
 * In a pipeline: outermost, before url-map.
 *
 * @throws MiddlewareOptionError when a pattern is no host, or stands there twice
 * @example
 * const application = virtualHost({ hosts: { "shop.example": shop, "*.shop.example": tenants } });
 */
export function virtualHost(options: VirtualHostOptions): WSGIApplication {
  const exact = new Map<string, WSGIApplication>();
  const below = new Map<string, WSGIApplication>();
  for (const [pattern, application] of Object.entries(options.hosts)) {
    const isWildcard = pattern.startsWith("*.");
    const host = configuredHost(isWildcard ? pattern.slice(2) : pattern);
    if (host === null || host.name.includes("*")) {
      throw new MiddlewareOptionError(`Host "${pattern}" is not a host; expected "name", "name:port" or "*.name"`);
    }
    const table = isWildcard ? below : exact;
    const key = tableKey(host.name, host.port);
    if (table.has(key)) throw new MiddlewareOptionError(`Host "${pattern}" is listed twice; expected each once`);
    table.set(key, toApplication(application));
  }
  const longest = Math.max(0, ...Array.from(below.keys(), (key) => key.length));
  const notFound = toApplication(options.notFound ?? answering({ status: 404 }));
  const badRequest = answering({ status: 400, text: "Cannot read the Host of the request" });

  return function dispatchByHost(environ, startResponse) {
    const host = requestedHost(environ);
    if (host === null) return badRequest(environ, startResponse);
    const { name, port } = host;
    const application = exact.get(tableKey(name, port)) ?? exact.get(name);
    if (application !== undefined) return application(environ, startResponse);
    // Names longer than all that are served are passed over: to look each up takes time that grows with the square of the name.
    for (let dot = name.indexOf(".", name.length - longest - 1); dot !== -1; dot = name.indexOf(".", dot + 1)) {
      const parent = name.slice(dot + 1);
      const found = below.get(tableKey(parent, port)) ?? below.get(parent);
      if (found === undefined) continue;
      environ[SUBDOMAIN] = name.slice(0, dot);
      return found(environ, startResponse);
    }
    return notFound(environ, startResponse);
  };
}

/**
 * The composite `egg:tsgi#virtual-host`: keys are hosts (a port is written `shop.example port 8080`, since a colon ends the key),
 * values names of applications; `not_found_app` names the one for other hosts.
 *
 * @throws MiddlewareOptionError for a key that is no host
 */
export async function compositeFactory(
  loader: AppLoader,
  globalConf: Configuration,
  localConf: Configuration,
): Promise<WSGIApplication> {
  const hosts: Record<string, WSGIApplication> = {};
  let notFound: WSGIApplication | null = null;
  for (const [key, name] of Object.entries(localConf)) {
    const application = await loader.getApp(name, { ...globalConf });
    if (key === "not_found_app") notFound = application;
    else hosts[key.trim().replace(/\s+port\s+/i, ":")] = application;
  }
  return virtualHost(notFound === null ? { hosts } : { hosts, notFound });
}

function tableKey(name: string, port: string | null): string {
  return port === null ? name : `${name}:${port}`;
}
