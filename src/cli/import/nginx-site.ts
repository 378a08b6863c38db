// Translates nginx's `server` blocks. Source: nginx.org, "Alphabetical index of directives"; "How nginx processes a request" for which server
// is the default, and which location is chosen.
import { nginxSeconds, passedApplication, type NginxScope } from "./nginx-place.ts";
import {
  directivesOf,
  inheritedWords,
  subjectOfDirective,
  wordsOf,
  type SiteDirective,
  type SiteLevels,
} from "./site-directive.ts";
import type { IniPair, SiteDraft } from "./site-draft.ts";

/** What is read where it matters. */
const READ_ELSEWHERE =
  /^(?:server|upstream|http|events|location|listen|server_name|root|alias|index|autoindex|expires|(?:proxy|fastcgi|uwsgi|scgi)_(?:pass|param|set_header|index|(?:connect|read|send)_timeout|ssl_\w+)|client_max_body_size|keepalive_timeout|worker_processes|user|access_log|error_log|try_files|ssl_certificate|ssl_certificate_key|keepalive)$/;
/** What TSGI does anyway, or has no need of. */
const NEEDLESS =
  /^(?:include|types|default_type|sendfile|tcp_nopush|tcp_nodelay|pid|worker_connections|multi_accept|use|events|charset|server_tokens|types_hash_max_size|(?:proxy|fastcgi|uwsgi|scgi)_(?:http_version|buffering|buffers|buffer_size|busy_buffers_size|request_buffering|redirect|split_path_info|intercept_errors)|log_not_found|fastcgi_keep_conn|underscores_in_headers|log_format|server_names_hash_bucket_size|client_body_buffer_size|large_client_header_buffers)$/;
const HINTS: Readonly<Record<string, string>> = {
  gzip: "egg:tsgi#compress is a filter for it",
  add_header: "egg:tsgi#security-headers and `headers` of egg:tsgi#static are for it",
  auth_basic: "egg:tsgi#auth-basic is a filter for it",
  allow: "egg:tsgi#ip-filter is a filter for it",
  deny: "egg:tsgi#ip-filter is a filter for it",
  return: "egg:tsgi#canonical-redirect sends clients to another host or scheme",
  rewrite: "write it as a middleware",
  limit_req: "egg:tsgi#rate-limit is a filter for it",
  error_page: "egg:tsgi#error-documents is a filter for it",
};

/** Translates a file. */
export function translateNginx(tree: readonly SiteDirective[], draft: SiteDraft): void {
  const http = directivesOf(tree, "http").flatMap(({ block }) => block ?? []);
  const outer = [...tree, ...http];
  const events = directivesOf(tree, "events").flatMap(({ block }) => block ?? []);
  remarkOthers([...outer, ...events], draft);
  const upstreams = new Map(
    directivesOf(outer, "upstream").map(({ words, block }) => [words[0] ?? "", directivesOf(block ?? [], "server")]),
  );
  const servers = directivesOf(outer, "server").map(({ block }) => block ?? []);
  translateProcess(outer, draft);
  const isSecure = servers.some((server) => directivesOf(server, "listen").some(speaksTls));
  const first = servers.find((server) =>
    directivesOf(server, "listen").some(({ words }) => words.includes("default_server")),
  );
  for (const server of servers) {
    remarkOthers(server, draft);
    translateServer(outer, server, isSecure, draft);
    const domains = servers.length === 1 || server === (first ?? servers[0]) ? [null] : domainsOf(server, draft);
    translatePlaces([outer, server], upstreams, domains, draft);
  }
}

function translateProcess(outer: readonly SiteDirective[], draft: SiteDraft): void {
  const workers = wordsOf(outer, "worker_processes")?.[0];
  if (workers !== undefined) draft.server("workers", workers);
  const user = directivesOf(outer, "user")[0];
  if (user !== undefined)
    draft.changed(subjectOfDirective(user), "set `user` and `group` in [server:main] if TSGI is started as root");
}

function speaksTls(listen: SiteDirective): boolean {
  return listen.words.includes("ssl");
}

function translateServer(
  outer: readonly SiteDirective[],
  server: readonly SiteDirective[],
  isSecure: boolean,
  draft: SiteDraft,
): void {
  const listens = directivesOf(server, "listen");
  for (const listen of listens) {
    const subject = subjectOfDirective(listen);
    if (isSecure && !speaksTls(listen)) draft.missing(subject, "one server speaks TLS at all addresses, or at none");
    else draft.serverWord("bind", addressOf(listen.words[0] ?? ""));
    if (listen.words.includes("http2") || listen.words.includes("quic")) draft.changed(subject, "HTTP/1.1 is spoken");
  }
  const set = (name: string, key: string, value: (text: string) => string | null = (text) => text): void => {
    const [text] = inheritedWords([outer, server], name) ?? [];
    const found = text === undefined ? null : value(text);
    if (found !== null) draft.server(key, found);
  };
  if (listens.some(speaksTls)) {
    set("ssl_certificate", "certfile");
    set("ssl_certificate_key", "keyfile");
  }
  set("client_max_body_size", "limit_request_body");
  set("keepalive_timeout", "keep_alive", (text) => nginxSeconds(text)?.toString() ?? null);
  set("access_log", "access_logfile", (text) => (/^off$|^syslog:/.test(text) ? null : text));
  set("error_log", "error_logfile", (text) => (text === "stderr" ? "-" : text.startsWith("syslog:") ? null : text));
}

/** `80`, `127.0.0.1:8000`, `[::]:80`, `unix:/path`. */
function addressOf(listen: string): string {
  if (/^\d+$/.test(listen)) return `0.0.0.0:${listen}`;
  return /^unix:|:\d+$/.test(listen) ? listen.replace(/^\*/, "0.0.0.0") : `${listen}:80`;
}

function domainsOf(server: readonly SiteDirective[], draft: SiteDraft): string[] {
  return directivesOf(server, "server_name").flatMap((directive) =>
    directive.words.filter((name) => {
      if (/^[\w-]+(?:\.[\w-]+)*$/.test(name) && name !== "_") return true;
      if (name !== "_" && name !== "")
        draft.missing(`server_name ${name}`, "egg:tsgi#virtual-host knows names with a star; write the others out");
      return false;
    }),
  );
}

function translatePlaces(
  levels: SiteLevels,
  upstreams: NginxScope["upstreams"],
  domains: readonly (string | null)[],
  draft: SiteDraft,
): void {
  const server = levels.at(-1) ?? [];
  const locations = directivesOf(server, "location");
  const mount = (path: string, name: string, subject: string): void => {
    for (const domain of domains) draft.mount(domain, path, name, subject);
  };
  const scopeOf = (location: SiteDirective, path: string): NginxScope => ({
    draft,
    levels: [...levels, location.block ?? []],
    upstreams,
    path,
  });
  const php = locations.find(
    ({ words, block }) =>
      /^~\*?$/.test(words[0] ?? "") &&
      /\\\.(?:\(?ph)/.test(words[1] ?? "") &&
      wordsOf(block ?? [], "fastcgi_pass") !== undefined,
  );
  if (php !== undefined) {
    remarkOthers(php.block ?? [], draft);
    mountScripts(scopeOf(php, "/"), locations, mount, subjectOfDirective(php));
  }
  for (const location of locations) {
    const subject = subjectOfDirective(location);
    const [modifier = "", second] = location.words;
    const path = second ?? modifier;
    if (location === php || (php !== undefined && path === "/")) continue;
    if (modifier.startsWith("~") || modifier.startsWith("@")) {
      if (modifier.startsWith("~")) remarkExpression(location, draft);
      continue;
    }
    remarkOthers(location.block ?? [], draft);
    if (modifier === "=") draft.changed(subject, "what lies below this path is meant, too");
    else if (!path.endsWith("/"))
      draft.changed(subject, "paths end at a slash: what only begins with the same letters is not meant");
    const name = placeName(scopeOf(location, path), locations);
    if (name !== null) mount(path, name, subject);
  }
  if (
    !locations.some(({ words }) => words.at(-1) === "/") &&
    php === undefined &&
    wordsOf(server, "root") !== undefined
  )
    mount("/", draft.application(files({ draft, levels, upstreams, path: "/" })), "root");
}

/** A place whose path is a regular expression. */
function remarkExpression(location: SiteDirective, draft: SiteDraft): void {
  const subject = subjectOfDirective(location);
  const [, pattern = ""] = location.words;
  const keepsDotFiles =
    /^(?:\^?\/|\(\^\|\/\))\\\./.test(pattern) && wordsOf(location.block ?? [], "deny")?.[0] === "all";
  if (keepsDotFiles) draft.needless(subject, "names that begin with a dot are not sent");
  else
    draft.missing(
      subject,
      "places are paths here, not expressions; what nginx keeps from clients by it may be sent now",
    );
}

/** PHP first, then files, then what `try_files` names: the other way round, clients would get the source of scripts. */
function mountScripts(
  scope: NginxScope,
  locations: readonly SiteDirective[],
  mount: (path: string, name: string, subject: string) => void,
  subject: string,
): void {
  const { draft } = scope;
  const made = passedApplication(scope);
  if (made === null) return;
  const root = locations.find(({ words }) => words.length === 1 && words[0] === "/");
  const script = /^\/([\w./-]+\.php)/.exec(wordsOf(root?.block ?? [], "try_files")?.at(-1) ?? "")?.[1];
  const php = draft.application(made);
  const names = [php, draft.application(files({ ...scope, levels: scope.levels.slice(0, -1) }))];
  if (script !== undefined && made.keys.some(([key]) => key === "root"))
    names.push(draft.application({ kind: "front", use: php, keys: [["script", script]] }));
  const keys = names.map((name, index): IniPair => [`app${index + 1}`, name]);
  mount("/", draft.application({ kind: "site", use: "egg:tsgi#cascade", keys }), subject);
}

function placeName(scope: NginxScope, locations: readonly SiteDirective[]): string | null {
  const { draft, levels } = scope;
  const passed = passedApplication(scope);
  const own = levels.at(-1) ?? [];
  if (passed !== null) return draft.application(passed);
  const last = wordsOf(own, "try_files")?.at(-1);
  const named = locations.find(({ words }) => words.length === 1 && words[0] === last);
  const behind =
    named === undefined ? null : passedApplication({ ...scope, levels: [...levels.slice(0, -1), named.block ?? []] });
  if (inheritedWords(scope.levels, "root") === undefined && wordsOf(own, "alias") === undefined) {
    // nginx would look in a directory of its own first, which has a page of welcome.
    if (behind !== null) return draft.application(behind);
    draft.missing(`location ${scope.path}`, "it names nothing that TSGI can serve");
    return null;
  }
  if (last !== undefined && !last.startsWith("=") && behind === null)
    draft.missing(`try_files … ${last}`, "what it falls back to is no place with an application");
  const sent = files(scope);
  return draft.application(behind === null ? sent : { ...behind, filters: [sent] });
}

function files(scope: NginxScope): { kind: string; use: string; keys: IniPair[] } {
  const own = scope.levels.at(-1) ?? [];
  const [alias] = wordsOf(own, "alias") ?? [];
  const [root = ""] = inheritedWords(scope.levels, "root") ?? [];
  const directory = alias ?? (scope.path === "/" ? root : `${root.replace(/\/$/, "")}${scope.path}`);
  const index = inheritedWords(scope.levels, "index")?.find((word) => /\.html?$/.test(word));
  const expires = nginxSeconds(inheritedWords(scope.levels, "expires")?.[0] ?? "");
  return {
    kind: "files",
    use: "egg:tsgi#static",
    keys: [
      ["root", directory],
      ...(index === undefined || index === "index.html" ? [] : [["index", index] as const]),
      ...(inheritedWords(scope.levels, "autoindex")?.[0] === "on" ? [["listing", "yes"] as const] : []),
      ...(expires === null ? [] : [["max_age_seconds", String(expires)] as const]),
    ],
  };
}

function remarkOthers(block: readonly SiteDirective[], draft: SiteDraft): void {
  for (const directive of block) {
    if (READ_ELSEWHERE.test(directive.name)) continue;
    const subject = subjectOfDirective(directive);
    if (directive.name === "include" && !/mime\.types|_params|fastcgi|proxy_params/.test(subject))
      draft.missing(subject, "included files are not read; import them, too");
    else if (NEEDLESS.test(directive.name)) draft.needless(subject, "there is no need of it here");
    else draft.missing(subject, HINTS[directive.name] ?? "there is no equivalent");
  }
}
