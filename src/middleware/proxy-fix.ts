// Makes the environ say what the client did, from the fields that one's own proxies add: counted from the right, because what stands further
// left the client may have made up. Source: Werkzeug's ProxyFix. Only for applications that cannot be reached around the proxies; a
// server that knows its proxies by address (--forwarded-allow-ips) does it better. Place it outermost.
import { isIP } from "node:net";
import type { Middleware, WSGIEnvironment } from "../wsgi/types.ts";
import { answering } from "./answer.ts";
import { parseHost } from "./host.ts";
import { type Configuration, integer, readOptions, within } from "./options.ts";

/** Options of {@link proxyFix}: how many proxies set each field; 0 ignores it. */
export interface ProxyFixOptions {
  /** X-Forwarded-For: REMOTE_ADDR. @default 1 */
  readonly xFor?: number;
  /** X-Forwarded-Proto: `wsgi.url_scheme`. @default 1 */
  readonly xProto?: number;
  /** X-Forwarded-Host: HTTP_HOST, SERVER_NAME, SERVER_PORT. @default 0 */
  readonly xHost?: number;
  /** X-Forwarded-Port: HTTP_HOST, SERVER_PORT. @default 0 */
  readonly xPort?: number;
  /** X-Forwarded-Prefix: SCRIPT_NAME. @default 0 */
  readonly xPrefix?: number;
}

/** Key of the environ with what stood in it before. */
export const PROXY_FIX_ORIGINAL = "tsgi.proxy_fix.original";

const CHANGED = [
  "REMOTE_ADDR",
  "REMOTE_PORT",
  "wsgi.url_scheme",
  "HTTP_HOST",
  "SERVER_NAME",
  "SERVER_PORT",
  "SCRIPT_NAME",
] as const;

/** Reads one field into the environ; false when the value makes no sense. */
type Fix = (environ: WSGIEnvironment, value: string) => boolean;

const FIXES: readonly [option: keyof ProxyFixOptions, key: string, usual: number, fix: Fix][] = [
  ["xFor", "HTTP_X_FORWARDED_FOR", 1, fixAddress],
  ["xProto", "HTTP_X_FORWARDED_PROTO", 1, fixScheme],
  ["xHost", "HTTP_X_FORWARDED_HOST", 0, fixHost],
  ["xPort", "HTTP_X_FORWARDED_PORT", 0, fixPort],
  ["xPrefix", "HTTP_X_FORWARDED_PREFIX", 0, fixPrefix],
];

/**
 * Takes over what the proxies say. A field with fewer values than proxies is left alone; a value that is no address, scheme, host, port
 * or path is answered with 400.
 *
 * @throws MiddlewareOptionError for a negative number
 * @example
 * const application = proxyFix({ xFor: 2, xHost: 1 })(inner);
 */
export function proxyFix(options: ProxyFixOptions = {}): Middleware {
  const active = FIXES.map(([option, key, usual, fix]) => ({
    key,
    fix,
    count: within(options[option] ?? usual, option, 0),
  })).filter(({ count }) => count > 0);
  const refuse = answering({ status: 400, text: "A proxy forwards what cannot be read" });

  return (application) =>
    function fixProxy(environ, startResponse) {
      const original: Record<string, unknown> = {};
      for (const key of CHANGED) original[key] = environ[key];
      environ[PROXY_FIX_ORIGINAL] = original;
      for (const { key, fix, count } of active) {
        const field = environ[key];
        if (typeof field !== "string") continue;
        const values = field.split(",");
        const value = values.at(-count)?.trim();
        if (value !== undefined && value !== "" && !fix(environ, value)) return refuse(environ, startResponse);
      }
      return application(environ, startResponse);
    };
}

/** The filter `egg:tsgi#proxy-fix`: `x_for`, `x_proto`, `x_host`, `x_port`, `x_prefix`. */
export function filterFactory(_globalConf: Configuration, localConf: Configuration): Middleware {
  const readers = { xFor: integer, xProto: integer, xHost: integer, xPort: integer, xPrefix: integer };
  return proxyFix(readOptions<ProxyFixOptions>(localConf, readers));
}

function fixAddress(environ: WSGIEnvironment, value: string): boolean {
  const [, bracketed, plain, port = ""] = /^(?:\[([^\]]*)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(value) ?? [];
  const address = bracketed ?? plain ?? value;
  if (isIP(address) === 0) return false;
  environ.REMOTE_ADDR = address;
  environ.REMOTE_PORT = port;
  return true;
}

function fixScheme(environ: WSGIEnvironment, value: string): boolean {
  const scheme = value.toLowerCase();
  if (scheme !== "http" && scheme !== "https") return false;
  environ["wsgi.url_scheme"] = scheme;
  return true;
}

function fixHost(environ: WSGIEnvironment, value: string): boolean {
  const host = parseHost(value);
  if (host === null) return false;
  environ.HTTP_HOST = host.port === null ? host.name : `${host.name}:${host.port}`;
  environ.SERVER_NAME = host.name;
  environ.SERVER_PORT = host.port ?? (environ["wsgi.url_scheme"] === "https" ? "443" : "80");
  return true;
}

function fixPort(environ: WSGIEnvironment, value: string): boolean {
  if (!/^\d{1,5}$/.test(value) || Number(value) < 1 || Number(value) > 65_535) return false;
  const port = String(Number(value));
  const host = environ.HTTP_HOST === undefined ? null : parseHost(environ.HTTP_HOST);
  if (host !== null) environ.HTTP_HOST = `${host.name}:${port}`;
  environ.SERVER_PORT = port;
  return true;
}

function fixPrefix(environ: WSGIEnvironment, value: string): boolean {
  if (!/^\/(?!\/)[^?#\\]*$/.test(value)) return false;
  environ.SCRIPT_NAME = value.replace(/\/+$/, "");
  return true;
}
