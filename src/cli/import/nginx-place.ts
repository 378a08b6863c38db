// What nginx does at one `location`: hand on by a protocol, or send files.
import {
  directivesOf,
  inheritedDirectives,
  inheritedWords,
  subjectOfDirective,
  type SiteDirective,
  type SiteLevels,
} from "./site-directive.ts";
import type { IniPair, SiteApplication, SiteDraft } from "./site-draft.ts";

/** Where a place stands. */
export interface NginxScope {
  readonly draft: SiteDraft;
  readonly levels: SiteLevels;
  /** The servers of each `upstream`. */
  readonly upstreams: ReadonlyMap<string, readonly SiteDirective[]>;
  /** The path of the location. */
  readonly path: string;
}

/** Of each protocol: the option that its times become. */
const TIMES = { connect_timeout: "connect_seconds", read_timeout: "read_seconds", send_timeout: "write_seconds" };
/** Fields that TSGI sends by itself. */
const OWN_FIELDS = /^(?:x-forwarded-(?:for|proto|host)|forwarded|via)$/i;
/** Variables of CGI that TSGI tells by itself. */
const OWN_PARAMS =
  /^(?:SCRIPT_FILENAME|SCRIPT_NAME|PATH_INFO|PATH_TRANSLATED|QUERY_STRING|REQUEST_\w+|CONTENT_\w+|DOCUMENT_\w+|SERVER_\w+|REMOTE_\w+|GATEWAY_INTERFACE|REDIRECT_STATUS|HTTPS|HTTP_PROXY|HTTP_HOST)$/;

/**
 * The application of a place that hands its requests on.
 *
 * @returns null when it hands nothing on, or cannot
 */
export function passedApplication(scope: NginxScope): SiteApplication | null {
  const own = scope.levels.at(-1) ?? [];
  for (const protocol of ["proxy", "fastcgi", "uwsgi", "scgi"]) {
    const pass = directivesOf(own, `${protocol}_pass`)[0];
    if (pass !== undefined) return protocol === "proxy" ? proxied(scope, pass) : spoken(scope, pass, protocol);
  }
  return null;
}

function proxied(scope: NginxScope, pass: SiteDirective): SiteApplication | null {
  const subject = subjectOfDirective(pass);
  const [, scheme = "", rest = ""] = /^(https?):\/\/(.*)$/.exec(pass.words[0] ?? "") ?? [];
  if (scheme === "" || rest.includes("$")) return refused(scope, subject, "the address is not written out");
  const [, authority = "", path = ""] = /^(unix:[^:]*|[^/]*):?(\/.*)?$/.exec(rest) ?? [];
  const servers = addressesOf(scope, authority);
  const base = path === "" ? "" : path;
  const isUnix = servers.some((server) => server.startsWith("unix:"));
  if (isUnix && (base !== "" || scheme === "https"))
    return refused(scope, subject, "a unix socket is asked for whole paths, without TLS");
  const upstream = servers.map((server) => (isUnix ? server : `${scheme}://${server}${base}`)).join(" ");
  const tls = scheme === "https" ? tlsKeys(scope, subject) : [];
  return {
    kind: "proxy",
    use: "egg:tsgi#proxy",
    keys: [["upstream", upstream], ...hostKeys(scope), ...times(scope, "proxy"), ...tls],
  };
}

function hostKeys(scope: NginxScope): IniPair[] {
  let host = "upstream"; // what nginx sends by itself
  for (const header of inheritedDirectives(scope.levels, "proxy_set_header")) {
    const [name = "", value = ""] = header.words;
    const subject = subjectOfDirective(header);
    if (/^host$/i.test(name))
      host = /^\$(?:host|http_host)(?::\$\w+)?$/.test(value) ? "keep" : value === "$proxy_host" ? "upstream" : value;
    else if (OWN_FIELDS.test(name)) scope.draft.needless(subject, "TSGI says so by itself, of what it believes");
    else if (/^(?:upgrade|connection)$/i.test(name))
      scope.draft.needless(subject, "WebSockets pass and connections are kept without it");
    else scope.draft.missing(subject, "fields are handed on as the client sent them; X-Forwarded-For has its address");
  }
  return [["host", host.includes("$") ? "keep" : host]];
}

function tlsKeys(scope: NginxScope, subject: string): IniPair[] {
  const keys: IniPair[] = [];
  const names = { trusted_certificate: "ca", certificate: "cert", certificate_key: "key", name: "server_name" };
  for (const [theirs, ours] of Object.entries(names)) {
    const [value] = inheritedWords(scope.levels, `proxy_ssl_${theirs}`) ?? [];
    if (value !== undefined && !value.includes("$")) keys.push([ours, value]);
  }
  if (inheritedWords(scope.levels, "proxy_ssl_verify")?.[0] !== "on")
    scope.draft.changed(
      subject,
      "nginx does not check who answers by TLS; TSGI does, and `ca` names your own authority",
    );
  return keys;
}

function spoken(scope: NginxScope, pass: SiteDirective, protocol: string): SiteApplication | null {
  const subject = subjectOfDirective(pass);
  const [address = ""] = pass.words;
  if (address.includes("$")) return refused(scope, subject, "the address is not written out");
  const servers = addressesOf(scope, address.replace(/^\w+:\/\//, ""));
  const keys: IniPair[] = [["upstream", servers.join(" ")], ...times(scope, protocol)];
  if (protocol === "fastcgi") keys.push(...scriptKeys(scope));
  const fixed = inheritedDirectives(scope.levels, `${protocol}_param`).flatMap((param) => {
    const [name = "", value = ""] = param.words;
    if (OWN_PARAMS.test(name)) return [];
    if (!value.includes("$") && !name.startsWith("HTTP_")) return [`${name} = ${value}`];
    scope.draft.missing(
      subjectOfDirective(param),
      "only fixed values can be told; set it in a middleware, and name it in `pass`",
    );
    return [];
  });
  if (fixed.length > 0) keys.push(["variables", `\n${fixed.join("\n")}`]);
  return { kind: protocol, use: `egg:tsgi#${protocol}`, keys };
}

/** Where nginx names a script, TSGI looks for it itself. */
function scriptKeys(scope: NginxScope): IniPair[] {
  const hasFile = scope.levels.some((level) =>
    [...directivesOf(level, "fastcgi_param"), ...directivesOf(level, "include")].some(({ words }) =>
      /SCRIPT_FILENAME|fastcgi(?:\.conf|-php)/.test(words.join(" ")),
    ),
  );
  const [root] = inheritedWords(scope.levels, "root") ?? [];
  if (!hasFile || root === undefined) return [];
  const [index] = inheritedWords(scope.levels, "fastcgi_index") ?? [];
  return [["root", root], ...(index === undefined ? [] : [["index", index] as const])];
}

function times(scope: NginxScope, protocol: string): IniPair[] {
  return Object.entries(TIMES).flatMap(([theirs, ours]): IniPair[] => {
    const [text] = inheritedWords(scope.levels, `${protocol}_${theirs}`) ?? [];
    const value = text === undefined ? null : nginxSeconds(text);
    return value === null ? [] : [[ours, String(value)]];
  });
}

/** `90`, `90s`, `2m`, `1h30m`, `500ms`; null for anything else. Source: nginx's ngx_parse_time. */
export function nginxSeconds(text: string): number | null {
  const units: Readonly<Record<string, number>> = { ms: 0.001, s: 1, "": 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
  if (!/^(?:\d+(?:ms|[smhdw])?)+$/.test(text)) return null;
  return [...text.matchAll(/(\d+)(ms|[smhdw]?)/g)].reduce(
    (sum, [, digits, unit = ""]) => sum + Number(digits) * (units[unit] ?? 1),
    0,
  );
}

function addressesOf({ upstreams, draft }: NginxScope, name: string): string[] {
  const servers = upstreams.get(name);
  if (servers === undefined) return [name];
  return servers.flatMap((server) => {
    const [address = "", ...flags] = server.words;
    if (flags.some((flag) => /^(?:backup|down)$/.test(flag))) {
      draft.missing(subjectOfDirective(server), "all addresses are alike here; it is left out");
      return [];
    }
    if (flags.length > 0)
      draft.missing(subjectOfDirective(server), `the address is taken over without ${flags.join(" ")}`);
    return [address];
  });
}

function refused({ draft }: NginxScope, subject: string, why: string): null {
  draft.missing(subject, why);
  return null;
}
