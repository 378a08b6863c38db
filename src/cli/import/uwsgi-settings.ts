// uWSGI's options into our settings: the rules that are a name each, and code for those that are more.
import { extname, resolve } from "node:path";
import { didYouMean } from "../../nearest-name.ts";
import { isIniTarget } from "../../server/loading/ini-target.ts";
import { isPythonTarget } from "../../server/loading/is-python-target.ts";
import { WORKERS } from "../../server/settings/workers.ts";
import type { Draft } from "./draft.ts";
import type { UwsgiOption } from "./uwsgi-ini.ts";
import { isOff, isOn, last, type Options, subjectOf } from "./uwsgi-options.ts";
import { UWSGI_FAMILIES, UWSGI_RULES } from "./uwsgi-rules.ts";
import { translateUwsgiSockets, uwsgiAddress } from "./uwsgi-sockets.ts";

const DEFAULT_HEAD_BYTES = 65_536;
const DEFAULT_FIELD_BYTES = 8190;

/**
 * Translates uWSGI's options.
 *
 * @param directory - in which the server would be started
 */
export function translateUwsgi(given: readonly UwsgiOption[], draft: Draft, directory: string): void {
  const options = new Map<string, string[]>();
  for (const { key, value, unfilled, isPlaceholder } of given) {
    if (isPlaceholder === true && !Object.hasOwn(UWSGI_RULES, key)) continue;
    // The placeholders of a log's format are filled for each request.
    if (unfilled !== undefined && !/^log-?format/.test(key)) {
      draft.missing(subjectOf(key, value), `${unfilled} has no value here; write the value`);
    } else options.set(key, [...(options.get(key) ?? []), value]);
  }
  for (const [key, values] of options) for (const value of values) translateByRule(key, value, draft);
  translateTarget(options, draft, directory);
  translateUwsgiSockets(options, draft);
  translateModes(options, draft);
  translateLogs(options, draft);
  translateProcesses(options, draft, directory);
}

function translateByRule(key: string, value: string, draft: Draft): void {
  const subject = subjectOf(key, value);
  const rule = Object.hasOwn(UWSGI_RULES, key) ? UWSGI_RULES[key] : undefined;
  if (rule === "translated") return;
  if (rule === undefined) {
    const [, why] = UWSGI_FAMILIES.find(([pattern]) => pattern.test(key)) ?? [];
    draft.missing(subject, why ?? `no equivalent is known${didYouMean(key, Object.keys(UWSGI_RULES))}`);
  } else if ("needless" in rule) {
    if (isOff(value)) draft.changed(subject, `it cannot be turned off: ${rule.needless}`);
    else draft.needless(subject, rule.needless);
  } else if ("missing" in rule) draft.missing(subject, rule.missing);
  else {
    const given = rule.to === "stats" ? uwsgiAddress(value) : value;
    const isTaken = ["env", "reloadExtraFile"].includes(rule.to)
      ? (draft.add(rule.to, value, subject), true)
      : draft.set(rule.to, given === "" ? true : given, subject);
    if (isTaken && rule.note !== undefined) draft.changed(subject, rule.note);
  }
}

function translateTarget(options: Options, draft: Draft, directory: string): void {
  const callable = last(options, "callable");
  const module = last(options, "module") ?? last(options, "wsgi");
  const file = last(options, "wsgi-file") ?? last(options, "file");
  const paste = last(options, "ini-paste-logged") ?? last(options, "ini-paste") ?? last(options, "paste");
  const base = resolve(directory, draft.text("chdir") ?? "");
  if (module !== undefined) setTarget("module", module, callable, draft, base);
  else if (file !== undefined) setTarget("wsgi-file", file, callable, draft, base);
  else if (paste !== undefined) {
    const target = paste.replace(/^config:/, "");
    if (isIniTarget(target)) draft.set("target", target, subjectOf("paste", paste));
    else draft.missing(subjectOf("paste", paste), "expected the name of an .ini file");
  }
  const mounts = options.get("mount") ?? [];
  const [only, ...others] = mounts;
  const [, path = "", mounted] = /^([^=]*)=(.*)$/.exec(only ?? "") ?? [];
  const isRoot = path === "/" || path === "";
  const isAlone = mounted !== undefined && others.length === 0 && draft.get("target") === undefined;
  if (isAlone && (isRoot || isOn(options, "manage-script-name"))) {
    if (!isRoot) draft.set("scriptName", path.replace(/\/$/, ""), subjectOf("mount", mounts.join()));
    return setTarget("mount", mounted, callable, draft, base);
  }
  for (const mount of mounts) {
    draft.missing(
      subjectOf("mount", mount),
      "one target is served; put several under their paths with urlMap in an app.ts, or [composite:main] with use = egg:Paste#urlmap in an app.ini",
    );
  }
}

/** uWSGI's own default name of the application is written out: a file without it would be run as a program. */
function setTarget(key: string, named: string, callable: string | undefined, draft: Draft, directory: string): void {
  const subject = subjectOf(key, named);
  const [, place = named, attribute] = /^([^:]*)(?::(.+))?$/.exec(named) ?? [];
  const isFile = place.includes("/") || key === "wsgi-file" || place.endsWith(".py");
  const target = `${place}:${attribute ?? callable ?? "application"}`;
  if (isFile && extname(place) !== ".py" && !isPythonTarget(target, null, directory))
    return draft.missing(subject, "a target that is a file has to end in .py; rename it, or name the module");
  draft.set("target", target, subject);
}

function translateModes(options: Options, draft: Draft): void {
  const umask = last(options, "umask");
  if (umask !== undefined) draft.set("umask", `0${umask.replace(/^0+/, "")}`, subjectOf("umask", umask));
  const mode = last(options, "chmod-socket");
  if (mode === undefined || umask !== undefined) {
    if (mode !== undefined) draft.missing(subjectOf("chmod-socket", mode), "umask decides the mode of sockets too");
    return;
  }
  const subject = subjectOf("chmod-socket", mode);
  const bits = mode === "" ? 0o666 : /^[0-7]{3,4}$/.test(mode) ? Number.parseInt(mode, 8) : undefined;
  if (bits === undefined) return draft.missing(subject, "expected a mode in octal");
  // Nobody needs to execute a socket; files and directories of the application would miss that bit.
  const mask = ~(bits | 0o111) & 0o777;
  if (draft.set("umask", `0${mask.toString(8)}`, subject))
    draft.changed(
      subject,
      `umask 0${mask.toString(8)} stands in for it, which holds for new files of the application too`,
    );
}

function translateLogs(options: Options, draft: Draft): void {
  const daemon = last(options, "daemonize") ?? last(options, "daemonize2");
  if (daemon !== undefined) {
    draft.set("daemon", true, subjectOf("daemonize", daemon));
    draft.changed(subjectOf("daemonize", daemon), "a supervisor such as systemd or a container wants it off");
  }
  const plain = last(options, "logto") ?? last(options, "logto2") ?? daemon;
  if (plain !== undefined && plain !== "") draft.set("errorLogfile", plain, subjectOf("logto", plain));
  for (const value of options.get("logger") ?? []) translateLogger("errorLogfile", value, "logger", draft);
  if (isOn(options, "disable-logging")) {
    draft.needless("disable-logging", "requests are not logged unless accessLogfile says where");
  } else {
    draft.set("accessLogfile", plain === undefined || plain === "" ? "-" : plain, "logto");
    draft.changed(
      "the log of requests",
      "uWSGI writes one by default, so accessLogfile is set; its lines are gunicorn's",
    );
    for (const value of options.get("req-logger") ?? []) translateLogger("accessLogfile", value, "req-logger", draft);
  }
}

function translateLogger(name: "errorLogfile" | "accessLogfile", value: string, key: string, draft: Draft): void {
  const subject = subjectOf(key, value);
  const [, plugin = "", argument = ""] = /^(?:\S+\s+)?([a-z]\w*)(?::(.*))?$/.exec(value) ?? [];
  if (plugin === "file" && argument !== "") draft.set(name, argument, subject);
  else if (plugin === "stdio") draft.set(name, "-", subject);
  else if (plugin === "syslog") {
    draft.set("syslog", true, subject);
    const [tag = "", facility] = argument.split(",");
    if (tag !== "") draft.set("syslogPrefix", tag, subject);
    if (facility !== undefined) draft.set("syslogFacility", facility, subject);
    draft.changed(subject, "syslog is reached at syslogAddr, udp://localhost:514 unless you set another");
  } else draft.missing(subject, "logs go to files and to syslog; let something else read them from there");
}

function translateProcesses(options: Options, draft: Draft, directory: string): void {
  const base = resolve(directory, draft.text("chdir") ?? "");
  const paths = ["pythonpath", "python-path", "pp"].flatMap((key) => options.get(key) ?? []);
  if (paths.length > 0)
    draft.add("env", `PYTHONPATH=${paths.map((path) => resolve(base, path)).join(":")}`, "pythonpath");
  const head = last(options, "buffer-size");
  if (head !== undefined) translateBuffer(head, draft);
  const reload = last(options, "py-autoreload") ?? last(options, "python-autoreload");
  if (reload !== undefined && reload !== "0") {
    draft.set("reload", true, subjectOf("py-autoreload", reload));
    draft.needless(subjectOf("py-autoreload", reload), "reload is told of changes by the system, there is no interval");
  }
  const greenlets = last(options, "gevent");
  if (greenlets !== undefined) {
    const wanted = Math.min(Math.max(Number(greenlets) || 1, 1), WORKERS.settings.threads.maximum);
    draft.set("workerClass", "gevent", subjectOf("gevent", greenlets));
    draft.set("threads", wanted, subjectOf("gevent", greenlets));
  }
  if (isOn(options, "lazy-apps") || isOn(options, "lazy")) {
    draft.needless("lazy-apps", "each worker loads the application itself, unless preload is set");
  }
  const preload = last(options, "preload");
  if (preload !== undefined) draft.set("preload", !isOff(preload), subjectOf("preload", preload));
  for (const value of [...(options.get("plugin") ?? []), ...(options.get("plugins") ?? [])].flatMap((text) =>
    text.split(","),
  )) {
    const subject = subjectOf("plugin", value);
    if (/^python|^http$|^gevent/.test(value.trim())) draft.needless(subject, "HTTP and Python are built in");
    else draft.missing(subject, "there are no plugins; only Python, TypeScript and JavaScript are served");
  }
}

/** uWSGI's buffer holds all variables of a request. Here 64 KiB are allowed anyway, in fields of 8190 bytes. */
function translateBuffer(text: string, draft: Draft): void {
  const subject = subjectOf("buffer-size", text);
  const bytes = Number(text);
  if (bytes > DEFAULT_HEAD_BYTES) draft.set("limitRequestHead", bytes, subject);
  if (bytes > DEFAULT_FIELD_BYTES) {
    draft.set("limitRequestLine", bytes, subject);
    draft.set("limitRequestFieldSize", bytes, subject);
  } else draft.needless(subject, `a head may have ${DEFAULT_HEAD_BYTES} bytes: limitRequestHead`);
}
