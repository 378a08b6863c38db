// Sends clients to https and to the one name of a site. Source: RFC 9110 sections 15.4.2 to 15.4.9 for the statuses; Django's
// SECURE_SSL_REDIRECT and PREPEND_WWW. Where to is said by the options alone: a Host of the client's own making leads nobody elsewhere.
import { isIPv4 } from "node:net";
import { unescapeBytes } from "../http/unescape-bytes.ts";
import type { Middleware, WSGIEnvironment } from "../wsgi/types.ts";
import { quotedPath } from "../wsgi/url.ts";
import { answering, sendAnswer } from "./writing/answer.ts";
import { configuredBase, isWithin } from "./writing/configured-path.ts";
import { MiddlewareOptionError } from "./errors.ts";
import { HostSet } from "./writing/host-set.ts";
import { configuredHost, requestedHost } from "./writing/host.ts";
import { type Configuration, flag, integer, oneOf, fromSection, text, within, words } from "./writing/options.ts";

/** Options of {@link canonicalRedirect}; `host` or `hosts`. */
export interface CanonicalRedirectOptions {
  /** The host to redirect all requests to, without a port. */
  readonly host?: string;
  /** Instead of `host`: hosts that stay as they are, except for `www`, with the patterns of `allowedHosts`. Others get 400. */
  readonly hosts?: readonly string[];
  /** Whether to add `www.` to a name in `hosts`, or remove it. Each name in the list stands for the name with and without it. @default "keep" */
  readonly www?: "add" | "remove" | "keep";
  /** Whether to redirect http to https. @default true */
  readonly toHttps?: boolean;
  /** Port to redirect to. @default the usual one of the scheme */
  readonly port?: number;
  /** Whether browsers may remember the redirect: 301, and 308 for methods other than GET and HEAD; otherwise 302 and 307. @default true */
  readonly permanent?: boolean;
  /** Paths (SCRIPT_NAME and PATH_INFO) that are not redirected, including everything below them, for health checks. @default [] */
  readonly exemptPaths?: readonly string[];
}

/** RFC 8555 section 8.3: an authority asks over http, for each name of a certificate. */
const ACME = "/.well-known/acme-challenge";
const USUAL_PORTS = { http: 80, https: 443 } as const;

/**
 * Redirects requests that came over http, or to another name of the site. The others pass. The scheme is `wsgi.url_scheme`, so a front end
 * that terminates TLS must tell it to the server. Path, query and method stay as the client sent them.
 *
 * In a pipeline: outermost, after proxy-fix; security-headers tells browsers to stay with https (RFC 6797).
 *
 * @throws MiddlewareOptionError when it is not said which hosts there are
 * @example
 * const application = canonicalRedirect({ hosts: ["shop.example"], www: "remove" })(inner);
 */
export function canonicalRedirect(options: CanonicalRedirectOptions): Middleware {
  const { toHttps = true, permanent: isPermanent = true } = options;
  const nameFor = namesOf(options);
  const port = options.port === undefined ? null : within(options.port, "port", 1, 65_535);
  const exempt = [ACME, ...(options.exemptPaths ?? [])].map((path) => configuredBase(path, "exemptPaths"));
  const refuse = answering({ status: 400, text: "This host is not served here" });

  function addressFor(environ: WSGIEnvironment, scheme: "http" | "https", name: string): string {
    const authority = port === null || port === USUAL_PORTS[scheme] ? name : `${name}:${port}`;
    return `${scheme}://${authority}${targetOf(environ)}`;
  }

  return function canonicalRedirectMiddleware(application) {
    return function redirectToCanonical(environ, startResponse) {
      const asked = requestedHost(environ)?.name ?? null;
      const name = nameFor(asked);
      const scheme = toHttps ? "https" : environ["wsgi.url_scheme"];
      if (name !== null && name === asked && scheme === environ["wsgi.url_scheme"]) {
        return application(environ, startResponse);
      }
      const isOfServer = environ.SCRIPT_NAME + environ.PATH_INFO === ""; // OPTIONS *, which has no address
      if (isOfServer || isWithin(environ, exempt)) return application(environ, startResponse);
      if (name === null) return refuse(environ, startResponse);
      const location = addressFor(environ, scheme, name);
      const status = statusFor(environ.REQUEST_METHOD, isPermanent);
      return sendAnswer(environ, startResponse, { status, text: location, headers: [["Location", location]] });
    };
  };
}

/** The filter `egg:tsgi#canonical-redirect`: `host` or `hosts`, `www`, `to_https`, `port`, `permanent`, `exempt_paths`. */
export function filterFactory(_globalConf: Configuration, localConf: Configuration): Middleware {
  return fromSection<CanonicalRedirectOptions>(canonicalRedirect, localConf, {
    host: text,
    hosts: words,
    www: oneOf("add", "remove", "keep"),
    toHttps: flag,
    port: integer,
    permanent: flag,
    exemptPaths: words,
  });
}

/** What a request should have asked for; null when that is no host of ours. */
type NameFor = (asked: string | null) => string | null;

function namesOf({ host, hosts, www = "keep" }: CanonicalRedirectOptions): NameFor {
  if ((host === undefined) === (hosts === undefined)) {
    throw new MiddlewareOptionError('Options "host" and "hosts" are both given or both missing; expected one of them');
  }
  if (hosts !== undefined) return namesAmong(new HostSet(hosts, "hosts"), www);
  const only = configuredHost(host ?? "");
  if (only === null || only.port !== null) {
    throw new MiddlewareOptionError(`Option "host" is "${host}"; expected a name without a port`);
  }
  if (www !== "keep") throw new MiddlewareOptionError('Option "www" is given beside "host"; expected "hosts" with it');
  return () => only.name;
}

function namesAmong(hosts: HostSet, www: "add" | "remove" | "keep"): NameFor {
  return (asked) => {
    if (asked === null) return null;
    const bare = asked.startsWith("www.") ? asked.slice(4) : asked;
    const isListed = www !== "keep" && (hosts.lists(bare) || hosts.lists(`www.${bare}`));
    if (isListed && isDomain(bare)) return www === "add" ? `www.${bare}` : bare;
    return hosts.has(asked) ? asked : null;
  };
}

/** Neither an address nor a name such as `localhost`, before which nobody writes `www.`. */
function isDomain(name: string): boolean {
  return name.includes(".") && !name.startsWith("[") && !isIPv4(name);
}

/** 301 and 302 let browsers turn POST into GET (RFC 9110 section 15.4.2); 307 and 308 do not. */
function statusFor(method: string, isPermanent: boolean): number {
  const isRead = method === "GET" || method === "HEAD";
  if (isPermanent) return isRead ? 301 : 308;
  return isRead ? 302 : 307;
}

/**
 * Path and query as the client wrote them. A prefix that the front end took off goes before what came; where middleware has changed the
 * path, it is written anew.
 */
function targetOf(environ: WSGIEnvironment): string {
  const [, path = "", query = ""] = /^(?:https?:\/\/[^/?]*)?(\/[^?]*)(.*)$/is.exec(environ.REQUEST_URI ?? "") ?? [];
  const whole = environ.SCRIPT_NAME + environ.PATH_INFO;
  const seen = unescapeBytes(path);
  if (path !== "" && whole.endsWith(seen)) {
    return quotedPath(whole.slice(0, whole.length - seen.length)) + path + query;
  }
  return quotedPath(whole) + (environ.QUERY_STRING ? `?${environ.QUERY_STRING}` : "");
}
