// Mounts applications by path, host and port. The longest path wins, and a named domain goes before any domain. The matched part
// of the path moves from PATH_INFO to SCRIPT_NAME. Source: PEP 3333, SCRIPT_NAME and PATH_INFO; Paste's urlmap for the keys.
import type { AppLoader } from "../deploy/factories.ts";
import { toApplication } from "../wsgi/application.ts";
import type { WSGIApplication, WSGIApplicationLike, WSGIEnvironment } from "../wsgi/types.ts";
import { answering } from "./writing/answer.ts";
import { configuredBase, isBelow } from "./writing/configured-path.ts";
import { MiddlewareOptionError } from "./errors.ts";
import { configuredHost, requestedHost } from "./writing/host.ts";

/** Where an application is mounted. */
export interface UrlMapEntry {
  /** Starts with a slash; `/` mounts at the root. A final slash is ignored. */
  readonly path: string;
  readonly application: WSGIApplicationLike;
  /** Only for this host, case-insensitive. @default any host */
  readonly domain?: string;
  /** Only for this port of the Host header, or the usual one of the scheme. @default any port */
  readonly port?: number;
}

/** Options of {@link urlMap}. */
export interface UrlMapOptions {
  /** Answers requests for paths that are not mounted. @default 404 in plain text */
  readonly notFound?: WSGIApplicationLike;
}

interface Mount {
  /** Without a slash at the end; empty for the root. */
  readonly path: string;
  readonly domain: string | null;
  readonly port: string | null;
  readonly application: WSGIApplication;
}

/** What a key of a file consists of. */
const WORDS = { domain: /^[^/]+$/, port: /^\d+$/, path: /^\// } as const;

/**
 * Mounts applications.
 *
 * In a pipeline: at the end; each application may have its own middleware.
 *
 * @param entries - in any order
 * @param options - what happens with the rest
 * @throws {MiddlewareOptionError} when a path does not start with a slash, or a place is taken twice
 * @example
 * const app = urlMap([{ path: "/", application: home }, { path: "/api", application: api }]);
 */
export function urlMap(entries: readonly UrlMapEntry[], options: UrlMapOptions = {}): WSGIApplication {
  const mounts = entries.map(toMount).toSorted(byPrecedence);
  refuseDoubles(mounts);
  const notFound = toApplication(options.notFound ?? answering({ status: 404 }));
  const hasHosts = mounts.some(({ domain, port }) => domain !== null || port !== null);

  return function dispatchByUrl(environ, startResponse) {
    const path = environ.PATH_INFO;
    const [domain, port] = hasHosts ? hostOf(environ) : [null, null];
    for (const mount of mounts) {
      if (!isBelow(path, mount.path)) continue;
      if (mount.domain !== null && mount.domain !== domain) continue;
      if (mount.port !== null && mount.port !== port) continue;
      environ.SCRIPT_NAME += mount.path;
      environ.PATH_INFO = path.slice(mount.path.length);
      return mount.application(environ, startResponse);
    }
    return notFound(environ, startResponse);
  };
}

/**
 * The composite `egg:tsgi#urlmap`: keys are `[domain D] [port P] [/path]`, values names of applications. `not_found_app` names the
 * application for the rest.
 *
 * @throws {MiddlewareOptionError} for a key that is no place
 */
export async function compositeFactory(
  loader: AppLoader,
  globalConf: Record<string, string>,
  localConf: Record<string, string>,
): Promise<WSGIApplication> {
  const { not_found_app: localNotFound, ...places } = localConf;
  const notFound = localNotFound ?? globalConf["not_found_app"];
  const entries: UrlMapEntry[] = [];
  for (const [key, name] of Object.entries(places)) {
    entries.push({ ...parsePlace(key), application: await loader.getApp(name, globalConf) });
  }
  return urlMap(entries, notFound === undefined ? {} : { notFound: await loader.getApp(notFound, globalConf) });
}

/** Reads a key of a file: the words may stand in any order, and a domain or a port alone means all of its paths. */
function parsePlace(key: string): Pick<UrlMapEntry, "path" | "domain" | "port"> {
  const parts: { domain?: string; port?: number; path?: string } = {};
  const words = key.trim().split(/\s+/);
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const kind = word === "domain" || word === "port" ? word : "path";
    const value = kind === "path" ? word : (words.shift() ?? "");
    if (kind in parts || !WORDS[kind].test(value)) throw noPlace(key);
    Object.assign(parts, { [kind]: kind === "port" ? Number(value) : value });
  }
  return { path: "/", ...parts };
}

function noPlace(key: string): MiddlewareOptionError {
  return new MiddlewareOptionError(
    `Key "${key}" is not a place for an application; expected "[domain D] [port P] [/path]"`,
  );
}

function toMount({ path, application, domain, port }: UrlMapEntry): Mount {
  return {
    path: configuredBase(path, "path"),
    domain: domain === undefined ? null : domainOf(domain),
    port: port === undefined ? null : String(port),
    application: toApplication(application),
  };
}

function domainOf(domain: string): string {
  const host = configuredHost(domain);
  if (host !== null && host.port === null) return host.name;
  throw new MiddlewareOptionError(`Domain "${domain}" is not a host name; expected one without a port`);
}

/** Named domains first, then named ports, then the longest path. */
function byPrecedence(left: Mount, right: Mount): number {
  return (
    Number(left.domain === null) - Number(right.domain === null) ||
    Number(left.port === null) - Number(right.port === null) ||
    right.path.length - left.path.length
  );
}

function refuseDoubles(mounts: readonly Mount[]): void {
  const places = new Set<string>();
  for (const { domain, port, path } of mounts) {
    const place = `${domain ?? "any domain"}, ${port ?? "any"} port, "${path}/"`;
    if (places.has(place)) throw new MiddlewareOptionError(`Two applications are mounted at ${place}; expected one`);
    places.add(place);
  }
}

/** Host and port that the client asked for; what cannot be read fits only where any host does. */
function hostOf(environ: WSGIEnvironment): [domain: string | null, port: string | null] {
  const host = requestedHost(environ);
  return host === null ? [null, null] : [host.name, host.port];
}
