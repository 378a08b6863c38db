// Unicorn's settings into ours. Source: Unicorn's `Unicorn::Configurator`, and its defaults there.
import type { Draft } from "./draft.ts";
import type { RubyCall } from "./ruby-file.ts";
import { UNICORN_RULES } from "./ruby-rules.ts";
import { lastCall, rubyAddress, subjectOfCall, translateCalls, translateEnvironment } from "./ruby-settings.ts";

/** Unicorn's own. */
const DEFAULT_ADDRESS = "0.0.0.0:8080";
const DEFAULT_TIMEOUT_SECONDS = 60;

/**
 * Translates the calls of a file.
 *
 * @param environment - which Unicorn would read as well
 */
export function translateUnicorn(
  calls: readonly RubyCall[],
  draft: Draft,
  environment: Readonly<Record<string, string | undefined>>,
): void {
  translateCalls(calls, UNICORN_RULES, "Unicorn", draft);
  draft.set("target", "config.ru", "config.ru");
  translateEnvironment(environment["RACK_ENV"], draft);
  for (const call of calls.filter(({ name }) => name === "listen")) translateListen(call, draft);
  if (draft.get("bind") === undefined) {
    draft.set("bind", DEFAULT_ADDRESS, "listen");
    draft.changed("listen", `Unicorn's own address, ${DEFAULT_ADDRESS}, is written out`);
  }
  if (draft.get("timeout") === undefined) draft.set("timeout", DEFAULT_TIMEOUT_SECONDS, "Unicorn's own timeout");
  const [user, group] = lastCall(calls, "user")?.arguments ?? [];
  if (user !== undefined) draft.set("user", user, "user");
  if (group !== undefined) draft.set("group", group, "user");
  const printed = lastCall(calls, "stdout_path");
  if (printed === undefined) return;
  if (draft.get("errorLogfile") === undefined) draft.set("errorLogfile", printed.arguments[0], subjectOfCall(printed));
  else draft.changed(subjectOfCall(printed), "what the application prints goes to the error log, too");
}

/** `listen 8080`, `listen "127.0.0.1:8080", backlog: 64`, `listen "/run/app.sock"`. */
function translateListen(call: RubyCall, draft: Draft): void {
  const [address, options] = call.arguments;
  const subject = subjectOfCall(call);
  const text = String(address);
  draft.add(
    "bind",
    /^\d+$/.test(text) ? `0.0.0.0:${text}` : /^[/~]/.test(text) ? `unix:${text}` : (rubyAddress(text) ?? text),
    subject,
  );
  for (const [name, value] of Object.entries(typeof options === "object" && options !== null ? options : {}))
    if (name === "backlog") draft.set("backlog", value, subject);
    else if (name === "umask" && typeof value === "number") draft.set("umask", value, subject);
    else draft.needless(`${name} of ${subject}`, "the server sets what its sockets need");
}
