// An HTTP server as an application: a reverse proxy. Source: RFC 9110 section 3.7 ("gateway"); nginx's proxy_pass for what a path in the URL
// means.
import { OptionError } from "../../deploy/option-error.ts";
import {
  fileIn,
  flag,
  fromSection,
  oneOf,
  required,
  text,
  words,
  type Configuration,
} from "../../deploy/section-options.ts";
import { NOT_FIELD_VALUE } from "../../http/grammar.ts";
import { POOL_READERS, poolSettings, type PoolOptions } from "../upstream/pool-options.ts";
import { parseUpstreamAddress, type UpstreamAddress } from "../upstream/upstream-address.ts";
import { upstreamApplication, type UpstreamApplication } from "../upstream/upstream-application.ts";
import { UpstreamPool } from "../upstream/upstream-pool.ts";
import { TLS_OPTIONS, tlsReaders, upstreamTls, type UpstreamTlsOptions } from "../upstream/upstream-tls.ts";
import { HttpProtocol } from "./http-protocol.ts";
import type { ForwardedForm } from "./proxy-head.ts";

/** Options of {@link proxyApplication}. */
export interface ProxyOptions extends PoolOptions, UpstreamTlsOptions {
  /**
   * Where the server is: `http://HOST:PORT`, `https://HOST:PORT` or `unix:PATH`; a list for several that are alike. A path in the URL takes the place of the path at
   * which this application is mounted; without one, the server sees the whole path.
   */
  readonly upstream: string | readonly string[];
  /** The Host header: `keep` passes the client's on, `upstream` names the upstream, anything else is sent as it is. @default "keep" */
  readonly host?: string;
  /** How the upstream is told who the client is. What a client sent in these headers is always left out. @default "x-forwarded" */
  readonly forwarded?: ForwardedForm;
  /** Whether a request body is received before the upstream hears of the request. @default false */
  readonly bufferBody?: boolean;
  /** Protocols that a client and the upstream may go over to on their connections (`Upgrade`). @default ["websocket"] */
  readonly upgrade?: readonly string[];
}

/** The forms in which a client can be told of. */
export const FORWARDED_FORMS = ["x-forwarded", "forwarded", "both", "none"] as const satisfies readonly ForwardedForm[];

/**
 * Makes an application that hands its requests on to an HTTP/1.1 server.
 *
 * @throws OptionError when an option cannot be used
 * @example
 * export const application = proxyApplication({ upstream: "http://127.0.0.1:3000" });
 */
export function proxyApplication(options: ProxyOptions): UpstreamApplication {
  const { host = "keep", forwarded = "x-forwarded", bufferBody = false, upgrade = ["websocket"] } = options;
  const upstream = required(options.upstream, "upstream", "a URL such as http://127.0.0.1:3000");
  const urls = typeof upstream === "string" ? [upstream] : upstream;
  const upstreams = withTls(urls.map(parseUpstream), options);
  const [first] = upstreams;
  if (first === undefined) throw new OptionError('Option "upstream" is empty; expected at least one URL');
  if (upstreams.some(({ basePath }) => basePath !== first.basePath))
    throw new OptionError(`The upstreams have different paths: ${urls.join(", ")}`);
  if (!FORWARDED_FORMS.includes(forwarded))
    throw new OptionError(`Invalid option forwarded: "${forwarded}"; expected one of ${FORWARDED_FORMS.join(", ")}`);
  if (host === "" || NOT_FIELD_VALUE.test(host))
    throw new OptionError(`Option "host" is ${JSON.stringify(host)}; expected "keep", "upstream" or a name`);
  const wrong = upgrade.find((name) => !/^[!#$%&'*+.^_`|~0-9A-Za-z/-]+$/.test(name));
  if (wrong !== undefined)
    throw new OptionError(
      `Option "upgrade" has ${JSON.stringify(wrong)}; expected names of protocols such as "websocket"`,
    );
  const pool = new UpstreamPool(
    upstreams.map(({ address }) => address),
    poolSettings(options),
  );
  const protocol = new HttpProtocol({
    basePath: first.basePath,
    host: host === "upstream" ? first.address.authority : host,
    forwarded,
    isBuffered: bufferBody,
    upgrades: upgrade.map((name) => name.toLowerCase()),
  });
  return upstreamApplication(pool, protocol);
}

/** `egg:tsgi#proxy` of INI files, and the target `proxy:URL`. */
export function appFactory(globalConf: Configuration, localConf: Configuration): UpstreamApplication {
  return fromSection<ProxyOptions, UpstreamApplication>(proxyApplication, localConf, {
    ...POOL_READERS,
    ...tlsReaders(fileIn(globalConf)),
    upstream: words,
    host: text,
    forwarded: oneOf(...FORWARDED_FORMS),
    bufferBody: flag,
    upgrade: words,
  });
}

interface Upstream {
  readonly address: UpstreamAddress;
  readonly basePath: string | null;
  readonly isSecure: boolean;
}

function parseUpstream(url: string): Upstream {
  const unix = /^(?:http:\/\/)?(unix:.+)$/.exec(url)?.[1];
  if (unix !== undefined) return { address: parseUpstreamAddress(unix, null, url), basePath: null, isSecure: false };
  const [, scheme, authority, path] = /^(https?):(\/\/[^/?#]*)(\/[\x21\x22\x24-\x3e\x40-\x7e]*)?$/.exec(url) ?? [];
  if (authority === undefined)
    throw new OptionError(
      `Option "upstream" has "${url}"; expected http://HOST:PORT or https://HOST:PORT, with a /PATH if need be, or unix:PATH`,
    );
  const isSecure = scheme === "https";
  const address = parseUpstreamAddress(authority, isSecure ? 443 : 80, url);
  return { address, basePath: path ?? null, isSecure };
}

function withTls(upstreams: readonly Upstream[], options: UpstreamTlsOptions): readonly Upstream[] {
  if (!upstreams.some(({ isSecure }) => isSecure)) {
    const stray = TLS_OPTIONS.find((name) => options[name] !== undefined);
    if (stray !== undefined) throw new OptionError(`Option "${stray}" means nothing without an upstream of https:`);
    return upstreams;
  }
  const tls = upstreamTls(options);
  return upstreams.map((upstream) => {
    const { address, isSecure } = upstream;
    if (!isSecure || !("host" in address.connect)) return upstream;
    return { ...upstream, address: { ...address, tls: tls(address.connect.host) } };
  });
}
