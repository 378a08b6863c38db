// Gunicorn's command line. Source: its flags, which the settings and the table of what is not supported declare, and argparse's
// ways to write them.
import { NOT_SUPPORTED } from "../../server/settings/not-supported.ts";
import { flagOf } from "../../server/settings/setting.ts";
import { settingList } from "../../server/settings/table.ts";
import { UsageError } from "../errors.ts";
import { snakeCase } from "./draft.ts";

/** How an option takes its value. `optional`: only as `--flag=value`, or a next word that is no flag. */
interface Flag {
  readonly name: string;
  readonly takes: "nothing" | "one" | "many" | "optional";
}

/** Switches among the flags that have no counterpart here; their table does not say it. */
const SWITCHES =
  /^--(?:spew|no-sendfile|strip-header-spaces|permit-.*|casefold-http-method|disable-redirect-.*|enable-backlog-metric|suppress-ragged-eofs|do-handshake-on-connect|no-control-socket)$/;
const REPEATED = new Set(["raw_paste_global_conf", "dirty_apps"]);

const FLAGS: ReadonlyMap<string, Flag> = new Map([...supportedFlags(), ...otherFlags()]);

/**
 * Reads the words after `gunicorn`.
 *
 * @returns values by gunicorn's names; the application is `wsgi_app`, the file `config`
 * @throws UsageError for a flag that gunicorn does not have, or one without its value
 */
export function parseGunicornArguments(words: readonly string[]): Map<string, unknown> {
  const values = new Map<string, unknown>();
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--" || !/^-./.test(word)) {
      const target = word === "--" ? rest.shift() : word;
      if (target !== undefined) values.set("wsgi_app", target);
      continue;
    }
    const { flag, glued } = readFlag(word);
    if (flag.takes === "nothing") {
      // Short switches may stand together: -DR.
      if (glued !== undefined && !word.startsWith("--")) rest.unshift(`-${glued}`);
      values.set(flag.name, true);
      continue;
    }
    const next = rest[0];
    const isOptionalGone = flag.takes === "optional" && (next === undefined || next.startsWith("-"));
    const value = glued ?? (isOptionalGone ? "auto" : rest.shift());
    if (value === undefined) throw new UsageError(`Cannot read gunicorn's flag "${word}": expected a value after it`);
    if (flag.takes !== "many") values.set(flag.name, value);
    else values.set(flag.name, [...((values.get(flag.name) as string[] | undefined) ?? []), value]);
  }
  return values;
}

function readFlag(word: string): { flag: Flag; glued: string | undefined } {
  if (!word.startsWith("--")) {
    const flag = FLAGS.get(word.slice(0, 2));
    if (flag === undefined) throw unknown(word);
    return { flag, glued: word.length > 2 ? word.slice(2).replace(/^=/, "") : undefined };
  }
  const equals = word.indexOf("=");
  const long = equals === -1 ? word : word.slice(0, equals);
  const glued = equals === -1 ? undefined : word.slice(equals + 1);
  const exact = FLAGS.get(long);
  if (exact !== undefined) return { flag: exact, glued };
  // argparse accepts the start of a flag if only one flag starts with it.
  const begun = [...FLAGS].filter(([name]) => name.startsWith(long)).map(([, flag]) => flag);
  const [only] = begun;
  if (only === undefined || begun.some(({ name }) => name !== only.name)) throw unknown(long);
  return { flag: only, glued };
}

function unknown(word: string): UsageError {
  return new UsageError(`Cannot read the flag "${word}": gunicorn has no such flag`);
}

function supportedFlags(): (readonly [string, Flag])[] {
  return settingList().flatMap(([name, setting]) => {
    if (setting.source !== "gunicorn") return [];
    const long = flagOf(name, setting);
    const names = [
      ...(long === null ? [] : [long]),
      ...(setting.aliases ?? []).map((alias) => `--${alias}`),
      ...(setting.short === undefined ? [] : [`-${setting.short}`]),
    ];
    // Lists of networks are one text with commas there.
    const isMany = setting.type === "list" && setting.item !== "network";
    const hasBare = setting.type === "choice" && setting.bare !== undefined;
    const takes = setting.type === "boolean" ? "nothing" : isMany ? "many" : hasBare ? "optional" : "one";
    return names.map((each) => [each, { name: setting.gunicorn ?? snakeCase(name), takes } as const] as const);
  });
}

function otherFlags(): (readonly [string, Flag])[] {
  return NOT_SUPPORTED.flatMap(({ name, flags }) => {
    const isSwitch = flags.some((flag) => SWITCHES.test(flag));
    const takes = isSwitch ? "nothing" : REPEATED.has(name) ? "many" : "one";
    return flags.map((each) => [each, { name, takes } as const] as const);
  });
}
