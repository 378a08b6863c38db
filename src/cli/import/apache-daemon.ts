// mod_wsgi's daemons and scripts. Source: modwsgi.readthedocs.io, "WSGIDaemonProcess" and the other directives.
import {
  directivesOf,
  inheritedWords,
  subjectOfDirective,
  type SiteDirective,
  type SiteLevels,
} from "./site-directive.ts";
import type { IniPair, SiteApplication, SiteDraft } from "./site-draft.ts";

/** Options of a daemon that become keys of the application's section. */
const KEYS: Readonly<Record<string, string>> = { processes: "processes", threads: "threads", home: "directory" };
/** Those that become keys of the server. */
const SERVER_KEYS: Readonly<Record<string, string>> = {
  "request-timeout": "timeout",
  "graceful-timeout": "graceful_timeout",
  "startup-timeout": "boot_timeout",
  "listen-backlog": "backlog",
  umask: "umask",
};
const NEEDLESS =
  /^(?:display-name|socket-timeout|connect-timeout|queue-timeout|send-buffer-size|receive-buffer-size|header-buffer-size|response-buffer-size|lang|locale|stack-size)$/;
/** What mod_wsgi gives a daemon that does not say. */
const THREADS = "15";

/** The daemons of a file, by name. */
function daemonsOf(levels: SiteLevels): ReadonlyMap<string, SiteDirective> {
  const all = levels.flatMap((level) => directivesOf(level, "wsgidaemonprocess"));
  return new Map(all.map((directive) => [directive.words[0] ?? "", directive]));
}

/**
 * The application of a script.
 *
 * @param levels - directives from the outside in
 * @param words - of WSGIScriptAlias: path, file, options
 */
export function scriptApplication(levels: SiteLevels, words: readonly string[], draft: SiteDraft): SiteApplication {
  const [, file = "", ...options] = words;
  const inherited = (name: string): string | undefined => inheritedWords(levels, name)?.[0];
  const group = optionsIn(options).get("process-group") ?? inherited("wsgiprocessgroup");
  const attribute = inherited("wsgicallableobject") ?? "application";
  const daemon = group === undefined ? undefined : daemonsOf(levels).get(group);
  const given = optionsIn(daemon?.words.slice(1) ?? []);
  const keys: IniPair[] = [["app", `${file}:${attribute}`]];
  const home = given.get("python-home") ?? inherited("wsgipythonhome");
  if (home !== undefined) keys.push(["python", home]);
  const path = given.get("python-path") ?? inherited("wsgipythonpath");
  if (path !== undefined) keys.push(["python_path", `\n${path.split(":").join("\n")}`]);
  if (daemon !== undefined && !given.has("threads")) keys.push(["threads", THREADS]);
  for (const [name, value] of given) {
    const subject = `${daemon === undefined ? "" : `WSGIDaemonProcess ${group ?? ""} `}${name}=${value}`;
    const [key, serverKey] = [KEYS[name], SERVER_KEYS[name]];
    if (key !== undefined) keys.push([key, value]);
    else if (serverKey !== undefined) draft.server(serverKey, value);
    else if (name === "user" || name === "group")
      draft.changed(
        subject,
        `set \`${name}\` in [server:main] if TSGI is started as root; all applications run under it`,
      );
    else if (name === "maximum-requests")
      draft.missing(subject, "workers with all that is behind them are renewed: `max_requests` in [server:main]");
    else if (NEEDLESS.test(name)) draft.needless(subject, "there is no need of it here");
    else if (name !== "python-home" && name !== "python-path") draft.missing(subject, "there is no equivalent");
  }
  if (group !== undefined && daemon === undefined && group !== "%{GLOBAL}")
    draft.missing(`WSGIProcessGroup ${group}`, "the file has no such WSGIDaemonProcess");
  return { kind: "wsgi", use: "egg:tsgi#wsgi", keys };
}

/** `NAME=VALUE`. */
function optionsIn(words: readonly string[]): Map<string, string> {
  return new Map(
    words.map((word) => {
      const at = word.indexOf("=");
      return at === -1 ? [word.toLowerCase(), ""] : [word.slice(0, at).toLowerCase(), word.slice(at + 1)];
    }),
  );
}

/** Directives of mod_wsgi that say how it always is here, or how it cannot be. @returns whether this is one */
export function remarkWsgi(directive: SiteDirective, draft: SiteDraft): boolean {
  const subject = subjectOfDirective(directive);
  const name = directive.name.toLowerCase();
  if (name === "wsgipassauthorization") {
    if (/^on$/i.test(directive.words[0] ?? "")) draft.needless(subject, "applications always get Authorization");
    else draft.changed(subject, "applications always get Authorization");
  } else if (
    /^wsgi(?:chunkedrequest|scriptreloading|applicationgroup|restrict\w+|socketprefix|lazyinitialization)$/.test(name)
  )
    draft.needless(subject, "there is no need of it here");
  else if (name === "wsgiimportscript") draft.needless(subject, "applications are loaded before the first request");
  else if (name.startsWith("wsgitrustedprox"))
    draft.changed(subject, "name the addresses in `forwarded_allow_ips` of [server:main]");
  else if (/^wsgi(?:scriptalias|daemonprocess|processgroup|callableobject|pythonhome|pythonpath)$/.test(name))
    return true;
  else if (name.startsWith("wsgi")) draft.missing(subject, "there is no equivalent");
  else return false;
  return true;
}
