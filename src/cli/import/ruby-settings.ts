// What the configurations of Puma and Unicorn have in common: rules that are a name each, and the application, a `config.ru`.
import { nearestName } from "../../nearest-name.ts";
import { shown } from "../../server/settings/layer.ts";
import type { Draft } from "./draft.ts";
import type { RubyCall } from "./ruby-file.ts";
import type { RubyRule } from "./ruby-rules.ts";

const MAX_SUBJECT_CHARACTERS = 200;

/** A call as it was written, for remarks; of options only the names, because some are secrets. */
export function subjectOfCall({ name, arguments: words, hasBlock }: RubyCall): string {
  const all = words.map(shownWord).join(", ");
  const written = all.length > MAX_SUBJECT_CHARACTERS ? `${all.slice(0, MAX_SUBJECT_CHARACTERS)}…` : all;
  return hasBlock
    ? `${name}${written === "" ? "" : `(${written})`} { … }`
    : written === ""
      ? name
      : `${name} ${written}`;
}

function shownWord(word: unknown): string {
  if (typeof word !== "object" || word === null || Array.isArray(word)) return shown(word);
  return Object.entries(word)
    .map(([key, value]) => (key === "ruby" ? String(value) : `${key}: …`))
    .join(", ");
}

/**
 * Translates the calls that are a name each, and comments on those that are unknown.
 *
 * @param server - its name
 */
export function translateCalls(
  calls: readonly RubyCall[],
  rules: ReadonlyMap<string, RubyRule>,
  server: string,
  draft: Draft,
): void {
  for (const call of calls) {
    const rule = rules.get(call.name);
    const subject = subjectOfCall(call);
    if (rule === undefined) {
      const meant = nearestName(call.name, [...rules.keys()]);
      draft.missing(
        subject,
        meant === undefined ? "no equivalent is known" : `${server} has no such setting; did you mean "${meant}"`,
      );
    } else if (rule === "translated") continue;
    else if ("needless" in rule) draft.needless(subject, rule.needless);
    else if ("missing" in rule) draft.missing(subject, rule.missing);
    else draft.set(rule.to, call.arguments[0], subject);
  }
}

/** The last call of a name; the last counts. */
export function lastCall(calls: readonly RubyCall[], name: string): RubyCall | undefined {
  return calls.findLast((call) => call.name === name);
}

/** `RACK_ENV`, which both servers take as `development` where nobody says anything. */
export function translateEnvironment(named: unknown, draft: Draft): void {
  if (typeof named === "string") draft.add("env", `RACK_ENV=${named}`, `environment ${shown(named)}`);
  else
    draft.changed(
      "environment",
      "RACK_ENV is production unless you set it, in the environment or by env; there it would be development",
    );
}

/** Addresses of both servers. @returns undefined for one of another form */
export function rubyAddress(text: string): string | undefined {
  const [, path] = /^unix:(?:\/\/)?(\/?[^?]+)/.exec(text) ?? [];
  if (path !== undefined) return `unix:${path}`;
  const [, address] = /^(?:tcp|ssl):\/\/([^/?]+)/.exec(text) ?? [];
  return address?.replace(/^0:/, "0.0.0.0:");
}
