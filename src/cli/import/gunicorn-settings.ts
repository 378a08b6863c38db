// Gunicorn's settings into ours. Names, flags and reasons come from the tables of the settings; here stands only what is neither
// the same nor absent.
import { relative, resolve } from "node:path";
import { nearestName } from "../../nearest-name.ts";
import { isIniTarget, withVariables } from "../../server/loading/ini-target.ts";
import { HOOKS, type HookName } from "../../server/settings/hooks.ts";
import { shown } from "../../server/settings/layer.ts";
import { NOT_SUPPORTED } from "../../server/settings/not-supported.ts";
import { type SettingName, settingList } from "../../server/settings/table.ts";
import { TRUST } from "../../server/settings/trust.ts";
import { WORKERS } from "../../server/settings/workers.ts";
import { type Draft, snakeCase } from "./draft.ts";
import type { PythonName } from "./gunicorn-file.ts";

/** Our setting by gunicorn's name of it. */
export const SETTING_BY_GUNICORN_NAME: ReadonlyMap<string, SettingName> = new Map(
  settingList().flatMap(([name, setting]) =>
    setting.source === "gunicorn" ? [[setting.gunicorn ?? snakeCase(name), name] as const] : [],
  ),
);

const REASONS = new Map(NOT_SUPPORTED.map(({ name, why }) => [name, why]));
const HOOK_NAMES = new Map((Object.keys(HOOKS) as HookName[]).map((name) => [snakeCase(name), name]));
/** Those that hooks.py of the Python guest calls. */
const PYTHON_HOOKS: ReadonlySet<string> = new Set([
  "pre_fork",
  "post_fork",
  "post_worker_init",
  "pre_request",
  "post_request",
  "worker_exit",
  "child_exit",
]);
/** They are for one run of the command. */
const FOR_ONE_RUN = new Set(["config", "check_config", "print_config"]);
const GREENLETS = /(?:^|[.:])(?:gevent|eventlet|GeventWorker|ggevent|geventlet)/i;
const OTHER_WORKERS = "there are sync, gthread and gevent only, for Python; TypeScript is served by an event loop";
const ASGI = /asgi|uvicorn|hypercorn|aiohttp/i;

/**
 * Translates gunicorn's settings.
 *
 * @param directory - in which the server would be started
 * @param file - that holds the hooks, if there is one
 */
export function translateGunicorn(
  given: ReadonlyMap<string, PythonName>,
  draft: Draft,
  directory: string,
  file?: string,
): void {
  for (const [name, entry] of given) {
    if (entry.kind === "value") translateValue(name, entry.value, draft);
    else translateCallable(name, entry, draft);
  }
  if (file !== undefined) translateHooks(given, draft, directory, file);
  translateWorkerClass(given, draft);
  translatePath(given, draft, directory);
  translatePaste(given, draft);
  translateForwarderHeaders(given, draft);
  translateProtocol(given, draft);
  nameMetrics(draft);
  trustUnixPeers(draft);
}

/** Dashboards and alerts go on with the names that they know. */
function nameMetrics(draft: Draft): void {
  if (draft.get("statsdHost") !== undefined) draft.set("statsdNames", "gunicorn", "statsd_host");
}

/** Settings that several others decide together, done after the rest. */
const TOGETHER = new Set([
  "worker_class",
  "pythonpath",
  "paste",
  "raw_paste_global_conf",
  "forwarder_headers",
  "protocol",
  "uwsgi_allow_ips",
]);

function translateValue(name: string, value: unknown, draft: Draft): void {
  if (value === null || TOGETHER.has(name) || FOR_ONE_RUN.has(name)) return;
  const subject = `${name} = ${shown(value)}`;
  const own = SETTING_BY_GUNICORN_NAME.get(name);
  const why = REASONS.get(name);
  if (own !== undefined) draft.set(own, value, subject);
  else if (why !== undefined) draft.missing(subject, why);
  else {
    const meant = nearestName(name, [...SETTING_BY_GUNICORN_NAME.keys(), ...REASONS.keys()]);
    if (meant !== undefined) draft.missing(subject, `gunicorn has no such setting either; did you mean "${meant}"`);
  }
}

/** Hooks that Python processes call stay where they are. */
function translateHooks(given: ReadonlyMap<string, PythonName>, draft: Draft, directory: string, file: string): void {
  const names = [...given].flatMap(([name, { kind }]) => (kind !== "value" && PYTHON_HOOKS.has(name) ? [name] : []));
  if (names.length === 0) return;
  const place = relative(resolve(directory, draft.text("chdir") ?? ""), file);
  if (!draft.set("pythonHooks", place, names.join(", "))) return;
  draft.changed(
    names.join(", "),
    `Python processes call these functions of ${place}; child_exit in a process of its own`,
  );
}

/** Other hooks are code, which is to be written anew; other functions of the file are its own. */
function translateCallable(name: string, entry: PythonName, draft: Draft): void {
  if (PYTHON_HOOKS.has(name)) return;
  const hook = HOOK_NAMES.get(name);
  const why = REASONS.get(name);
  if (hook !== undefined) {
    const { parameters, doc } = HOOKS[hook];
    draft.hook({ name: hook, parameters, doc });
    draft.missing(name, `a hook in Python is not translated; write ${hook}(${parameters}) in tsgi.config.ts: ${doc}`);
  } else if (why !== undefined) draft.missing(name, why);
  else if (SETTING_BY_GUNICORN_NAME.has(name)) {
    const what = entry.kind === "other" ? `${entry.type} ${entry.text}` : "a function or class";
    draft.missing(name, `its value is ${what}; write the value itself`);
  }
}

function translateWorkerClass(given: ReadonlyMap<string, PythonName>, draft: Draft): void {
  const entry = given.get("worker_class");
  const name = entry?.kind === "value" && typeof entry.value === "string" ? entry.value : undefined;
  const threads = Number(draft.get("threads") ?? 1);
  if (entry !== undefined && name === undefined) return draft.missing("worker_class", OTHER_WORKERS);
  const subject = `worker_class = ${shown(name ?? "sync")}`;
  if (name !== undefined && ASGI.test(name)) {
    draft.missing(subject, "it is for ASGI applications; WSGI applications are served here");
  } else if (name !== undefined && GREENLETS.test(name)) {
    const wanted = Math.min(Number(draft.get("workerConnections") ?? 1000) || 1000, WORKERS.settings.threads.maximum);
    draft.set("workerClass", "gevent", subject);
    draft.set("threads", wanted, subject);
    draft.changed(subject, `gevent with ${wanted} greenlets in each worker; a connection that waits has none`);
  } else if (name === "sync" || name === "gthread") {
    draft.needless(subject, "a Python application has the threads that the setting threads says");
  } else if (name !== undefined) draft.missing(subject, OTHER_WORKERS);
  const isRequestDeadline = (name === undefined || name === "sync") && threads === 1;
  if (draft.get("timeout") !== undefined && !isRequestDeadline) {
    draft.changed(
      `timeout = ${shown(draft.get("timeout"))}`,
      "here it is the deadline of each request; with threads and greenlets gunicorn only watches that the worker turns",
    );
  }
}

function translatePath(given: ReadonlyMap<string, PythonName>, draft: Draft, directory: string): void {
  const entry = given.get("pythonpath");
  if (entry?.kind !== "value" || typeof entry.value !== "string" || entry.value === "") return;
  const base = resolve(directory, draft.text("chdir") ?? "");
  const paths = entry.value.split(",").map((path) => resolve(base, path.trim()));
  draft.add("env", `PYTHONPATH=${paths.join(":")}`, "pythonpath");
  draft.changed(`pythonpath = ${shown(entry.value)}`, "it is the variable PYTHONPATH of env now, with absolute paths");
}

function translatePaste(given: ReadonlyMap<string, PythonName>, draft: Draft): void {
  const paste = given.get("paste");
  const globals = given.get("raw_paste_global_conf");
  if (paste?.kind !== "value" || typeof paste.value !== "string") {
    if (globals?.kind === "value" && Array.isArray(globals.value) && globals.value.length > 0)
      draft.missing("raw_paste_global_conf", "there is no paste that it could be for");
    return;
  }
  const target = paste.value.replace(/^config:/, "");
  const subject = `paste = ${shown(paste.value)}`;
  if (!isIniTarget(target)) return draft.missing(subject, "expected the name of an .ini file");
  const values = globals?.kind === "value" && Array.isArray(globals.value) ? globals.value.map(String) : [];
  draft.set("target", withVariables(target, values), subject);
}

/** Gunicorn takes SCRIPT_NAME of trusted front ends unless it is told otherwise; here it has to be named. */
function translateForwarderHeaders(given: ReadonlyMap<string, PythonName>, draft: Draft): void {
  const entry = given.get("forwarder_headers");
  if (entry?.kind !== "value" || entry.value === null) return;
  const subject = `forwarder_headers = ${shown(entry.value)}`;
  const names = [entry.value].flat().flatMap((item) => (typeof item === "string" ? item.split(",") : []));
  const isScriptNameSet = names.some((name) => name.trim().toUpperCase() === "SCRIPT_NAME");
  if (!isScriptNameSet) return draft.missing(subject, REASONS.get("forwarder_headers") ?? "");
  draft.set("forwardedHeaders", [...TRUST.settings.forwardedHeaders.default, "SCRIPT_NAME"], subject);
  draft.changed(subject, "forwardedHeaders names every field that the front end sets, X-Forwarded-For included");
}

/** With `protocol = uwsgi` all addresses speak it. */
function translateProtocol(given: ReadonlyMap<string, PythonName>, draft: Draft): void {
  const entry = given.get("protocol");
  if (entry?.kind !== "value" || entry.value !== "uwsgi") return;
  const bind = (draft.get("bind") ?? "127.0.0.1:8000") as string | readonly string[]; // checked when it was set
  const addresses = [bind].flat().flatMap((text) => text.split(","));
  const spoken = addresses.map((text) => (/^(?:unix|fd):/.test(text) ? `uwsgi:${text}` : `uwsgi://${text}`));
  draft.set("bind", spoken, `protocol = ${shown(entry.value)}`);
  const peers = given.get("uwsgi_allow_ips");
  if (peers?.kind === "value" && peers.value !== null)
    draft.set("gatewayAllowIps", peers.value, `uwsgi_allow_ips = ${shown(peers.value)}`);
}

/** Gunicorn always believes front ends on a unix socket. */
function trustUnixPeers(draft: Draft): void {
  const bind = [draft.get("bind") ?? []].flat().map(String);
  if (!bind.some((address) => /(?:^|,)unix:/.test(address))) return;
  const trusted = draft.get("forwardedAllowIps");
  const items =
    trusted === undefined
      ? ["127.0.0.1", "::1"]
      : [trusted as string | string[]].flat().flatMap((item) => item.split(","));
  if (items.includes("*") || items.includes("unix")) return;
  draft.set("forwardedAllowIps", [...items, "unix"], "bind");
  draft.changed("bind", 'front ends on the unix socket are trusted, as gunicorn does: forwardedAllowIps has "unix"');
}
