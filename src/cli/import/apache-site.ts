// Translates Apache's virtual hosts: mod_wsgi, mod_proxy, mod_alias, mod_cgi. Source: httpd.apache.org, "Directive Quick-Reference".
import { existsSync, statSync } from "node:fs";
import { remarkWsgi, scriptApplication } from "./apache-daemon.ts";
import {
  directivesOf,
  inheritedWords,
  subjectOfDirective,
  wordsOf,
  type SiteDirective,
  type SiteLevels,
} from "./site-directive.ts";
import type { IniPair, SiteApplication, SiteDraft } from "./site-draft.ts";

const READ_ELSEWHERE =
  /^(?:virtualhost|servername|serveralias|listen|documentroot|directoryindex|alias|scriptalias|proxypass|proxypreservehost|proxytimeout|timeout|limitrequestbody|sslcertificatefile|sslcertificatekeyfile|errorlog|customlog|keepalivetimeout|location|directory|proxy)$/;
const NEEDLESS =
  /^(?:loadmodule|serverroot|pidfile|serveradmin|servertokens|serversignature|sslengine|loglevel|logformat|mutex|allowoverride|options|require|addtype|typesconfig|hostnamelookups|keepalive|maxkeepaliverequests|startservers|m(?:in|ax)\w*(?:threads|servers|workers|child)|threadsperchild|serverlimit|usecanonicalname|allowencodedslashes|addhandler|passenv|sslproxyengine|proxyrequests|scriptsock|order|cgipassauth)$/;
const HINTS: Readonly<Record<string, string>> = {
  proxypassreverse: "Location of an answer is not changed; `host = keep` has the server behind name this one",
  redirect: "egg:tsgi#canonical-redirect sends clients to another host or scheme",
  rewriterule: "write it as a middleware",
  errordocument: "egg:tsgi#error-documents is a filter for it",
  header: "egg:tsgi#security-headers is a filter for some of them",
  authtype: "egg:tsgi#auth-basic and egg:tsgi#auth-digest are filters for it",
  setenv: "set it in a middleware",
};

/** Translates a file. */
export function translateApache(tree: readonly SiteDirective[], draft: SiteDraft): void {
  const hosts = directivesOf(tree, "virtualhost");
  remarkOthers(tree, draft);
  for (const listen of directivesOf(tree, "listen")) draft.serverWord("bind", addressOf(listen.words[0] ?? ""));
  translateServer([tree], draft);
  translatePlaces([tree], [null], draft);
  for (const [index, host] of hosts.entries()) {
    const levels = [tree, host.block ?? []];
    remarkOthers(host.block ?? [], draft);
    translateServer(levels, draft);
    // Apache serves the first for all names that no other has.
    translatePlaces([tree, host.block ?? []], index === 0 ? [null] : domainsOf(host.block ?? []), draft);
  }
}

function translateServer(levels: SiteLevels, draft: SiteDraft): void {
  const own = levels.at(-1) ?? [];
  const set = (name: string, key: string): void => {
    const [value] = wordsOf(own, name) ?? [];
    if (value === undefined) return;
    if (/^(?:\||syslog)/.test(value) || value.includes("${"))
      draft.missing(`${name} ${value}`, "there is no equivalent");
    else draft.server(key, value);
  };
  set("timeout", "timeout");
  set("limitrequestbody", "limit_request_body");
  set("keepalivetimeout", "keep_alive");
  set("errorlog", "error_logfile");
  set("customlog", "access_logfile");
  set("sslcertificatefile", "certfile");
  set("sslcertificatekeyfile", "keyfile");
}

function addressOf(listen: string): string {
  return /^\d+$/.test(listen) ? `0.0.0.0:${listen}` : listen;
}

function domainsOf(host: readonly SiteDirective[]): string[] {
  const names = [
    ...(wordsOf(host, "servername") ?? []),
    ...directivesOf(host, "serveralias").flatMap(({ words }) => words),
  ];
  return names.map((name) => name.replace(/^https?:\/\/|:\d+$/g, "")).filter((name) => !/[*?]/.test(name));
}

function translatePlaces(levels: SiteLevels, domains: readonly (string | null)[], draft: SiteDraft): void {
  const own = levels.at(-1) ?? [];
  const put = (path: string, made: SiteApplication, subject: string): void => {
    const name = draft.application(made);
    for (const domain of domains) draft.mount(domain, path, name, subject);
  };
  for (const directive of own) {
    const subject = subjectOfDirective(directive);
    const [path = "", place = ""] = directive.words;
    switch (directive.name.toLowerCase()) {
      case "wsgiscriptalias":
        put(path, scriptApplication([...levels, ...sectionsOf(levels, path, place)], directive.words, draft), subject);
        break;
      case "alias":
        put(path, files(place, own), subject);
        break;
      case "scriptalias":
        put(path, program(place), subject);
        break;
      case "proxypass":
        passTo(levels, directive, path, draft, put);
        break;
      case "location":
        for (const pass of directivesOf(directive.block ?? [], "proxypass"))
          passTo(levels, { ...pass, words: [path, ...pass.words] }, path, draft, put);
        remarkOthers(directive.block ?? [], draft);
        break;
      case "directory":
        remarkOthers(directive.block ?? [], draft);
        break;
    }
  }
  const root = wordsOf(own, "documentroot")?.[0];
  const takesRoot = own.some(
    ({ name, words }) => /^(?:wsgiscriptalias|proxypass|alias)$/i.test(name) && words[0] === "/",
  );
  if (root !== undefined && !takesRoot) put("/", files(root, own), `DocumentRoot ${root}`);
}

/** What `<Directory>` and `<Location>` say of a script, from the outside in. A pattern in them is not read. */
function sectionsOf(levels: SiteLevels, path: string, file: string): SiteLevels {
  const holding = (name: string, place: string): SiteDirective[] =>
    levels
      .flatMap((level) => directivesOf(level, name))
      .filter(({ words }) => isBelow(place, words[0] ?? ""))
      .toSorted((left, right) => (left.words[0]?.length ?? 0) - (right.words[0]?.length ?? 0));
  return [...holding("directory", file), ...holding("location", path)].map(({ block }) => block ?? []);
}

function isBelow(place: string, directory: string): boolean {
  const base = directory.replace(/\/+$/, "");
  return directory !== "" && (place === base || place.startsWith(`${base}/`));
}

function files(root: string, own: readonly SiteDirective[]): SiteApplication {
  const index = wordsOf(own, "directoryindex")?.find((word) => /\.html?$/.test(word));
  return {
    kind: "files",
    use: "egg:tsgi#static",
    keys: [["root", root], ...(index === undefined || index === "index.html" ? [] : [["index", index] as const])],
  };
}

function program(place: string): SiteApplication {
  const isDirectory = place.endsWith("/") || (existsSync(place) && statSync(place).isDirectory());
  return isDirectory
    ? { kind: "scripts", use: "egg:tsgi#cgi-bin", keys: [["directory", place]] }
    : { kind: "program", use: "egg:tsgi#cgi", keys: [["program", place]] };
}

function passTo(
  levels: SiteLevels,
  directive: SiteDirective,
  path: string,
  draft: SiteDraft,
  put: (path: string, made: SiteApplication, subject: string) => void,
): void {
  const subject = subjectOfDirective(directive);
  const [, url = "", ...options] = directive.words;
  if (url === "!") {
    draft.missing(subject, "mount something at this path: the longest path counts");
    return;
  }
  const [, socket, unixScheme] = /^unix:([^|]+)\|(\w+):/.exec(url) ?? [];
  const [, scheme = unixScheme ?? "", authority = "", base = ""] = /^(\w+):\/\/([^/]*)(\/.*)?$/.exec(url) ?? [];
  const given =
    options.map((option) => /^timeout=(\d+)$/.exec(option)?.[1]).find((value) => value !== undefined) ??
    inheritedWords(levels, "proxytimeout")?.[0];
  const times: IniPair[] = given === undefined ? [] : [["read_seconds", given]];
  // The proxy passes WebSockets on to the same address as anything else.
  const http = scheme.replace(/^ws(?=s?$)/, "http");
  if (/^https?$/.test(http)) {
    // Apache puts what is behind the path behind the URL; without a path in it, both begin with the same slash.
    const upstream =
      socket === undefined ? `${http}://${authority}${base === "" && path !== "/" ? "/" : base}` : `unix:${socket}`;
    const isKept = levels.some((level) => /^on$/i.test(wordsOf(level, "proxypreservehost")?.[0] ?? ""));
    put(
      path,
      {
        kind: "proxy",
        use: "egg:tsgi#proxy",
        keys: [["upstream", upstream], ["host", isKept ? "keep" : "upstream"], ...times],
      },
      subject,
    );
    if (http === "https")
      draft.changed(subject, "Apache does not check who answers by TLS; TSGI does, and `ca` names your own authority");
    return;
  }
  const protocol = { fcgi: "fastcgi", scgi: "scgi", uwsgi: "uwsgi" }[scheme];
  if (protocol === undefined) draft.missing(subject, "TSGI hands on by HTTP, FastCGI, SCGI and uwsgi");
  else {
    const root = protocol === "fastcgi" && base !== "" && base !== "/" ? [["root", base] as const] : [];
    const upstream = socket === undefined ? authority : `unix:${socket}`;
    put(
      path,
      { kind: protocol, use: `egg:tsgi#${protocol}`, keys: [["upstream", upstream], ...root, ...times] },
      subject,
    );
  }
}

function remarkOthers(block: readonly SiteDirective[], draft: SiteDraft): void {
  for (const directive of block) {
    const name = directive.name.toLowerCase();
    if (READ_ELSEWHERE.test(name) || remarkWsgi(directive, draft)) continue;
    const subject = subjectOfDirective(directive);
    if (name === "require" && !/^all granted$/i.test(directive.words.join(" ")))
      draft.missing(subject, "egg:tsgi#ip-filter and egg:tsgi#auth-basic are filters for it");
    else if (NEEDLESS.test(name)) draft.needless(subject, "there is no need of it here");
    else if (name.startsWith("include")) draft.missing(subject, "included files are not read; import them, too");
    else draft.missing(subject, HINTS[name] ?? "there is no equivalent");
  }
}
