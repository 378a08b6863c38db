// Puma's settings into ours. Source: Puma's `Puma::DSL`, and its defaults in `Puma::Configuration`.
import { shown } from "../../server/settings/layer.ts";
import type { Draft } from "./draft.ts";
import type { RubyCall } from "./ruby-file.ts";
import { PUMA_RULES } from "./ruby-rules.ts";
import { lastCall, rubyAddress, subjectOfCall, translateCalls, translateEnvironment } from "./ruby-settings.ts";

/** Puma's own. */
const DEFAULT_THREADS = 5;
const DEFAULT_PORT = 9292;
const TLS_KEYS = { cert: "certfile", key: "keyfile", ca: "caCerts", ssl_cipher_filter: "ciphers" } as const;
const CERT_REQS: Readonly<Record<string, string>> = { none: "0", peer: "1", force_peer: "2" };

/**
 * Translates the calls of a file.
 *
 * @param environment - which Puma would read as well
 */
export function translatePuma(
  calls: readonly RubyCall[],
  draft: Draft,
  environment: Readonly<Record<string, string | undefined>>,
): void {
  translateCalls(calls, PUMA_RULES, "Puma", draft);
  const [target] = lastCall(calls, "rackup")?.arguments ?? [];
  draft.set("target", target ?? "config.ru", target === undefined ? "rackup" : `rackup ${shown(target)}`);
  const [mode] = lastCall(calls, "environment")?.arguments ?? [];
  translateEnvironment(mode ?? environment["RACK_ENV"] ?? environment["RAILS_ENV"], draft);
  translateAddresses(calls, draft);
  translateProcesses(calls, draft, environment);
  translateTimes(calls, draft);
  translateClients(calls, draft);
  translateLogs(calls, draft);
  for (const call of calls.filter(({ name }) => name === "plugin")) translatePlugin(call, draft);
}

/** Later addresses are added to earlier ones. */
function translateAddresses(calls: readonly RubyCall[], draft: Draft): void {
  const [host = "0.0.0.0"] = lastCall(calls, "set_default_host")?.arguments ?? [];
  const cleared = calls.findLastIndex(({ name }) => name === "clear_binds!");
  for (const call of calls.slice(cleared + 1)) {
    const [first, second, third] = call.arguments;
    const subject = subjectOfCall(call);
    if (call.name === "port" && first === undefined) draft.missing(subject, "expected the number of a port");
    else if (call.name === "port") draft.add("bind", `${shownHost(second ?? host)}:${shownText(first)}`, subject);
    else if (call.name === "bind") translateBind(shownText(first), subject, draft);
    else if (call.name === "ssl_bind") {
      draft.add("bind", `${shownHost(first)}:${shownText(second)}`, subject);
      translateTls(typeof third === "object" && third !== null ? Object.entries(third) : [], subject, draft);
    }
  }
  if (draft.get("bind") === undefined) {
    draft.add("bind", `${shownHost(host)}:${DEFAULT_PORT}`, "bind");
    draft.changed("bind", `Puma's own address, port ${DEFAULT_PORT}, is written out`);
  }
}

function translateBind(text: string, subject: string, draft: Draft): void {
  const address = rubyAddress(text);
  if (address === undefined) return draft.missing(subject, 'expected "tcp://…", "ssl://…" or "unix://…"');
  draft.add("bind", address, subject);
  const options = [...new URLSearchParams(/\?(.*)$/.exec(text)?.[1] ?? "")];
  if (text.startsWith("ssl:")) return translateTls(options, subject, draft);
  for (const [name, value] of options)
    if (name === "backlog") draft.set("backlog", value, subject);
    else if (name === "umask") draft.set("umask", `0${value.replace(/^0+/, "")}`, subject);
    else if (name !== "low_latency") draft.missing(`${name}=${value} of ${subject}`, "no equivalent is known");
}

function translateTls(options: readonly (readonly [string, unknown])[], subject: string, draft: Draft): void {
  for (const [name, value] of options) {
    const own = Object.hasOwn(TLS_KEYS, name) ? TLS_KEYS[name as keyof typeof TLS_KEYS] : undefined;
    if (own !== undefined) draft.set(own, value, subject);
    else if (name === "verify_mode" && typeof value === "string" && Object.hasOwn(CERT_REQS, value))
      draft.set("certReqs", CERT_REQS[value], subject);
    else if (name.startsWith("no_tls")) draft.needless(`${name} of ${subject}`, "TLS 1.2 and 1.3 are spoken");
    else draft.missing(`${name} of ${subject}`, "no equivalent is known; the hook sslContext can set more of TLS");
  }
}

function translateProcesses(
  calls: readonly RubyCall[],
  draft: Draft,
  environment: Readonly<Record<string, string | undefined>>,
): void {
  const named = lastCall(calls, "threads");
  const [least, most = least] = named?.arguments ?? [];
  const usual = environment["PUMA_MAX_THREADS"] ?? environment["MAX_THREADS"] ?? DEFAULT_THREADS;
  draft.set("threads", most ?? usual, named === undefined ? "threads" : subjectOfCall(named));
  if (named === undefined) draft.changed("threads", `Puma's own number, ${usual}, is written out`);
  else if (least !== most) draft.changed(subjectOfCall(named), `there are always ${shown(most)} threads`);
  const workers = lastCall(calls, "workers");
  const [count] = workers?.arguments ?? [];
  // In a single process there is nothing to share, and Puma does not preload either.
  const isSingle = count === undefined || Number(count) === 0;
  if (workers !== undefined && !isSingle) draft.set("workers", count, subjectOfCall(workers));
  const preload = lastCall(calls, "preload_app!");
  const [isWanted = true] = preload?.arguments ?? [];
  if (preload !== undefined) draft.set("preload", isWanted, subjectOfCall(preload));
  else if (Number(count) > 1 && lastCall(calls, "prune_bundler") === undefined)
    draft.set("preload", true, "Puma's own preload_app! of several workers");
}

function translateTimes(calls: readonly RubyCall[], draft: Draft): void {
  draft.set("timeout", 0, "no deadline of requests");
  draft.changed(
    "timeout",
    "Puma has no deadline for requests, so it is 0; set one, and a request that hangs costs no more than that",
  );
  const watched = lastCall(calls, "worker_timeout");
  if (watched !== undefined)
    draft.needless(
      subjectOfCall(watched),
      "processes that have died are replaced at once; timeout replaces those that hang in a request",
    );
  const forced = lastCall(calls, "force_shutdown_after");
  if (forced === undefined) return;
  const [value = "forever"] = forced.arguments;
  if (value === "forever")
    draft.missing(subjectOfCall(forced), "set gracefulTimeout to the time that requests may take");
  else draft.set("gracefulTimeout", value === "immediately" ? 0 : value, subjectOfCall(forced));
}

/** Which address a request comes from. Puma believes every peer what it says; whom to believe is left to the operator. */
function translateClients(calls: readonly RubyCall[], draft: Draft): void {
  const call = lastCall(calls, "set_remote_address");
  if (call === undefined) return;
  const [source] = call.arguments;
  const subject = subjectOfCall(call);
  if (typeof source === "object" && source !== null && "proxy_protocol" in source) {
    draft.set("proxyProtocol", source.proxy_protocol, subject);
    draft.changed(subject, "proxyAllowIps names the peers whose PROXY line counts; Puma takes everybody's");
  } else if (source !== "socket")
    draft.missing(subject, "forwardedAllowIps names the proxies whose X-Forwarded-For counts");
}

function translateLogs(calls: readonly RubyCall[], draft: Draft): void {
  const redirect = lastCall(calls, "stdout_redirect");
  if (redirect !== undefined) {
    const [out, error] = redirect.arguments;
    const subject = subjectOfCall(redirect);
    draft.set("errorLogfile", error ?? out, subject);
    if (out !== undefined && error !== undefined && out !== error)
      draft.changed(subject, "what the application prints goes to the error log, too");
  }
  const requests = lastCall(calls, "log_requests");
  if (requests !== undefined && requests.arguments[0] !== false)
    draft.set("accessLogfile", "-", subjectOfCall(requests));
  if (lastCall(calls, "debug") !== undefined) draft.set("logLevel", "debug", "debug");
}

function translatePlugin(call: RubyCall, draft: Draft): void {
  const subject = subjectOfCall(call);
  if (call.arguments[0] === "tmp_restart")
    draft.missing(subject, "no file is watched in production; send HUP or run tsgi reload, which loses no request");
  else if (call.arguments[0] === "solid_queue")
    draft.missing(subject, "run bin/jobs as a process of its own, beside the server");
  else draft.missing(subject, "there are no plugins of Puma; let systemd or a container run what they start");
}

function shownText(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : shown(value);
}

/** An address of IPv6 has brackets in ours. */
function shownHost(value: unknown): string {
  const host = shownText(value);
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}
