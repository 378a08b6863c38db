// Puts an application under a prefix that its proxy took off or leaves on, and says at which scheme and port clients see it.
// Source: PasteDeploy's PrefixMiddleware (egg:PasteDeploy#prefix), which believes X-Forwarded-* of anybody; here only of named proxies, and
// each field by its last value, which the proxy itself has written. A prefix ends at a slash: /shop does not match /shopping.
import { readPort, readScheme, splitList, walk } from "../http/forwarded-fields.ts";
import { parseHost } from "../http/host.ts";
import { showPublicRequest } from "../wsgi/public-request.ts";
import type { Middleware, WSGIEnvironment } from "../wsgi/types.ts";
import { configuredBase, isBelow } from "./writing/configured-path.ts";
import { MiddlewareOptionError } from "./errors.ts";
import { NetworkSet } from "./writing/network-set.ts";
import { type Configuration, flag, oneOf, fromSection, text, words } from "./writing/options.ts";

/** Options of {@link pastePrefix}. */
export interface PastePrefixOptions {
  /** Becomes SCRIPT_NAME, and is removed from PATH_INFO if that starts with it. @default "/" */
  readonly prefix?: string;
  /** Whether X-Forwarded-Server, -Host, -For, -Scheme and -Proto from trusted proxies are used. @default true */
  readonly translateForwardedServer?: boolean;
  /** Addresses and networks of proxies, `unix` for those on a unix socket. @default none */
  readonly trusted?: readonly string[];
  /** Port that clients see; empty for the usual one of the scheme. @default what the request says */
  readonly forcePort?: string;
  /** Scheme that clients see. @default what the request says */
  readonly scheme?: "http" | "https";
}

const USUAL_PORTS = { http: "80", https: "443" } as const;

/**
 * Mounts an application under a prefix.
 *
 * In a pipeline: outermost.
 *
 * @throws MiddlewareOptionError for a prefix that does not begin with a slash, a port that is none, or a proxy that is no address
 * @example
 * const application = pastePrefix({ prefix: "/james", trusted: ["10.0.0.0/8"] })(inner);
 */
export function pastePrefix(options: PastePrefixOptions = {}): Middleware {
  const { prefix = "/", translateForwardedServer = true, trusted = [], forcePort, scheme } = options;
  if (forcePort !== undefined && forcePort !== "" && readPort(forcePort) === null) {
    throw new MiddlewareOptionError(
      `Option "force_port" is "${forcePort}"; expected a port, or nothing for the usual one`,
    );
  }
  const scriptName = configuredBase(prefix, "prefix");
  const proxies = translateForwardedServer && trusted.length > 0 ? new NetworkSet(trusted, "trusted") : null;

  return function pastePrefixMiddleware(application) {
    return function prefixed(environ, startResponse) {
      const { PATH_INFO: path } = environ;
      environ.PATH_INFO = (isBelow(path, scriptName) ? path.slice(scriptName.length) : path) || "/";
      environ.SCRIPT_NAME = scriptName;
      if (proxies?.has(environ.REMOTE_ADDR ?? "") === true) takeForwarded(environ, proxies);
      if (forcePort !== undefined) setPort(environ, forcePort, scheme);
      if (scheme !== undefined) environ["wsgi.url_scheme"] = scheme;
      return application(environ, startResponse);
    };
  };
}

/** The filter `egg:tsgi#paste-prefix`: `prefix`, `translate_forwarded_server`, `trusted`, `force_port`, `scheme`. */
export function filterFactory(_globalConf: Configuration, localConf: Configuration): Middleware {
  return fromSection<PastePrefixOptions>(pastePrefix, localConf, {
    prefix: text,
    translateForwardedServer: flag,
    trusted: words,
    forcePort: text,
    scheme: oneOf("http", "https"),
  });
}

/** Takes the fields out, and over as far as they can be read. */
function takeForwarded(environ: WSGIEnvironment, proxies: NetworkSet): void {
  const server = take(environ, "HTTP_X_FORWARDED_SERVER").at(-1);
  const host = take(environ, "HTTP_X_FORWARDED_HOST").at(-1) ?? server;
  const scheme = take(environ, "HTTP_X_FORWARDED_SCHEME").at(-1);
  const proto = take(environ, "HTTP_X_FORWARDED_PROTO").at(-1);
  showPublicRequest(environ, {
    client: walk(take(environ, "HTTP_X_FORWARDED_FOR"), (address) => proxies.has(address)).client,
    scheme: readScheme(scheme ?? proto ?? ""),
    host: parseHost(host ?? ""),
    port: null,
    prefix: null,
  });
  const serverName = parseHost(server ?? "")?.name;
  if (serverName !== undefined) environ.SERVER_NAME = serverName;
}

function take(environ: WSGIEnvironment, key: string): string[] {
  const field = environ[key];
  Reflect.deleteProperty(environ, key);
  return typeof field === "string" ? splitList(field) : [];
}

function setPort(environ: WSGIEnvironment, forcePort: string, scheme: "http" | "https" | undefined): void {
  const name = parseHost(environ.HTTP_HOST ?? "")?.name ?? environ.SERVER_NAME;
  environ.HTTP_HOST = forcePort === "" ? name : `${name}:${forcePort}`;
  environ.SERVER_PORT = forcePort === "" ? USUAL_PORTS[scheme ?? environ["wsgi.url_scheme"]] : forcePort;
}
