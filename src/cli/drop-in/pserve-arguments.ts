// The command lines of pserve (Pyramid) and `paster serve` (Paste). Source: their --help; options that later versions dropped, because
// a supervisor does it better, are translated where the server has the same.
import type { Given, Layer } from "../../server/settings/layer.ts";
import type { SettingName } from "../../server/settings/table.ts";
import { UsageError } from "../errors.ts";

/** What such a command line says. */
export interface PserveStart {
  /** `app.ini`, or `app.ini#name`. */
  readonly target: string;
  /** KEY=value. */
  readonly variables: readonly string[];
  readonly settings: Layer;
  /** Of `[server:NAME]`; undefined for main. */
  readonly serverName: string | undefined;
  /** Lines about what has no equivalent. */
  readonly remarks: readonly string[];
}

/** What becomes of an option: a setting, a part of the target, or a reason. */
type Rule =
  | { readonly to: SettingName; readonly value?: true }
  | { readonly part: "app" | "server" }
  | { readonly missing: string; readonly takes?: true };

const SUPERVISED = "let systemd or a container start, stop and restart the server";

const RULES: Readonly<Record<string, Rule>> = {
  "--app-name": { part: "app" },
  "-n": { part: "app" },
  "--server-name": { part: "server" },
  "--server": { missing: "the command serves by itself", takes: true },
  "-s": { missing: "the command serves by itself", takes: true },
  "--reload": { to: "reload" },
  "--reload-interval": { missing: "changes are told by the system, there is no interval", takes: true },
  "--daemon": { to: "daemon" },
  "--pid-file": { to: "pid", value: true },
  "--log-file": { to: "errorLogfile", value: true },
  "--user": { to: "user", value: true },
  "--group": { to: "group", value: true },
  "--browser": { missing: "open the address yourself" },
  "-b": { missing: "open the address yourself" },
  "--verbose": { missing: "use TSGI_LOG_LEVEL=debug" },
  "-v": { missing: "use TSGI_LOG_LEVEL=debug" },
  "--quiet": { missing: "use TSGI_LOG_LEVEL=warning" },
  "-q": { missing: "use TSGI_LOG_LEVEL=warning" },
  "--monitor-restart": { missing: "a worker that ends is always replaced" },
  "--stop-daemon": { missing: SUPERVISED },
  "--status": { missing: SUPERVISED },
};

/**
 * Reads the words after `pserve`.
 *
 * @throws UsageError for an option that it does not have, one without its value, or when no file is named
 */
export function parsePserveArguments(words: readonly string[]): PserveStart {
  const settings: Given[] = [];
  const remarks: string[] = [];
  const operands: string[] = [];
  const parts: { app?: string; server?: string } = {};
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (!word.startsWith("-")) {
      operands.push(word);
      continue;
    }
    const { flag, glued } = split(word);
    const rule = Object.hasOwn(RULES, flag) ? RULES[flag] : undefined;
    if (rule === undefined) throw new UsageError(`Cannot read the option "${word}": pserve has no such option`);
    const takes = "part" in rule || ("to" in rule ? rule.value === true : rule.takes === true);
    const value = takes ? (glued ?? rest.shift()) : undefined;
    if (takes && value === undefined)
      throw new UsageError(`Cannot read the option "${word}": expected a value after it`);
    if ("missing" in rule) remarks.push(`${flag}: ${rule.missing}`);
    else if ("part" in rule) parts[rule.part] = value ?? "";
    else {
      const place = value === undefined ? flag : `${flag} ${JSON.stringify(value)}`;
      settings.push({ name: rule.to, raw: value ?? true, origin: flag, place });
    }
  }
  const [file, ...variables] = operands;
  if (file === undefined) throw new UsageError('Name an INI file, as in "pserve production.ini"');
  const target = parts.app === undefined ? file : `${file.replace(/#.*/s, "")}#${parts.app}`;
  return { target, variables, settings, serverName: parts.server, remarks };
}

function split(word: string): { flag: string; glued: string | undefined } {
  if (!word.startsWith("--")) return { flag: word.slice(0, 2), glued: word.length > 2 ? word.slice(2) : undefined };
  const [, flag = word, glued] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
  return { flag, glued };
}
