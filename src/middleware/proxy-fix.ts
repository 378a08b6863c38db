// Makes the environ say what the client did, from the fields that one's own proxies add: counted from the right, because what stands
// further left the client may have made up. Source: Werkzeug's ProxyFix. Only for applications that cannot be reached around the
// proxies; a server that knows its proxies by address (--forwarded-allow-ips) does it better.
import { readHop, readPort, readPrefix, readScheme, splitList } from "../http/forwarded-fields.ts";
import { parseHost } from "../http/host.ts";
import { occasionally } from "../wsgi/occasionally.ts";
import { type PublicRequest, showPublicRequest } from "../wsgi/public-request.ts";
import type { Middleware } from "../wsgi/types.ts";
import { type Configuration, integer, fromSection, within } from "./writing/options.ts";

/** Options of {@link proxyFix}: how many proxies set each header; 0 ignores it. */
export interface ProxyFixOptions {
  /** X-Forwarded-For: REMOTE_ADDR. @default 1 */
  readonly xFor?: number;
  /** X-Forwarded-Proto: `wsgi.url_scheme`. @default 1 */
  readonly xProto?: number;
  /** X-Forwarded-Host: HTTP_HOST, SERVER_NAME, SERVER_PORT. @default 0 */
  readonly xHost?: number;
  /** X-Forwarded-Port: HTTP_HOST, SERVER_PORT. @default 0 */
  readonly xPort?: number;
  /** X-Forwarded-Prefix: put before SCRIPT_NAME. @default 0 */
  readonly xPrefix?: number;
}

/** Key of the environ with the original values. */
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

/** What a field says, once it is read. */
type Read = (value: string) => Partial<PublicRequest> | null;

const READERS: readonly [option: keyof ProxyFixOptions, field: string, usual: number, read: Read][] = [
  ["xFor", "X-Forwarded-For", 1, as("client", readHop)],
  ["xProto", "X-Forwarded-Proto", 1, as("scheme", readScheme)],
  ["xHost", "X-Forwarded-Host", 0, as("host", parseHost)],
  ["xPort", "X-Forwarded-Port", 0, as("port", readPort)],
  ["xPrefix", "X-Forwarded-Prefix", 0, as("prefix", readPrefix)],
];

const NOTHING: PublicRequest = { client: null, scheme: null, host: null, port: null, prefix: null };

/**
 * Uses the values that the proxies report. A header with fewer values than proxies is ignored, and so is a value that is not an address,
 * scheme, host, port or path; `wsgi.errors` says so, at most once a minute.
 *
 * In a pipeline: outermost.
 *
 * @throws MiddlewareOptionError for a negative number
 * @example
 * const application = proxyFix({ xFor: 2, xHost: 1 })(inner);
 */
export function proxyFix(options: ProxyFixOptions = {}): Middleware {
  const active = READERS.map(([option, field, usual, read]) => ({
    field,
    key: `HTTP_${field.toUpperCase().replaceAll("-", "_")}`,
    read,
    count: within(options[option] ?? usual, option, 0),
  })).filter(({ count }) => count > 0);
  const mayWarn = occasionally();

  return function proxyFixMiddleware(application) {
    return function fixProxy(environ, startResponse) {
      const original: Record<string, unknown> = {};
      for (const key of CHANGED) original[key] = environ[key];
      environ[PROXY_FIX_ORIGINAL] = original;
      const told = { ...NOTHING };
      for (const { field, key, read, count } of active) {
        const value = splitList((environ[key] as string | undefined) ?? "").at(-count); // fields are texts
        const said = value === undefined ? {} : read(value);
        if (said !== null) Object.assign(told, said);
        else if (mayWarn())
          environ["wsgi.errors"].write(`Ignored the header ${field}, which is malformed: ${JSON.stringify(value)}\n`);
      }
      showPublicRequest(environ, told);
      return application(environ, startResponse);
    };
  };
}

/** The filter `egg:tsgi#proxy-fix`: `x_for`, `x_proto`, `x_host`, `x_port`, `x_prefix`. */
export function filterFactory(_globalConf: Configuration, localConf: Configuration): Middleware {
  const readers = { xFor: integer, xProto: integer, xHost: integer, xPort: integer, xPrefix: integer };
  return fromSection<ProxyFixOptions>(proxyFix, localConf, readers);
}

function as<K extends keyof PublicRequest>(what: K, read: (value: string) => PublicRequest[K]): Read {
  return (value) => {
    const said = read(value);
    return said === null ? null : { [what]: said };
  };
}
