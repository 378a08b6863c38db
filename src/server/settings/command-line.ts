// The settings as options of a command line: made from the table, and read back as texts that are checked later with all others.
import { type Command, Option } from "../../commander.ts";
import { SettingError } from "../errors.ts";
import { type Given, type Layer, shown } from "./layer.ts";
import { NOT_SUPPORTED } from "./not-supported.ts";
import { defaultText, firstSentence } from "./describe.ts";
import { flagOf, placeholderOf, type Setting } from "./setting.ts";
import { SECTIONS, settingList } from "./table.ts";

/** What help says about settings elsewhere than on the command line; lines of 80 columns. */
export const SETTINGS_HELP = `Settings:
  Each option is also an environment variable, TSGI_ and its name
  (TSGI_MAX_REQUESTS), and a setting of tsgi.config.ts, .js or .json
  (maxRequests). The first that is set counts: command line, TSGI_CMD_ARGS,
  environment, configuration file, default. Times take units (30s, 2m), and so
  do sizes (64K, 10M); --no- before the name of a switch turns it off.
  --print-config shows each value and where it comes from.`;

/** A flag with the setting that it belongs to. */
interface Flag {
  readonly option: Option;
  readonly long: string;
}

/**
 * Adds settings to a command as options, and hidden ones for the settings of gunicorn that do not exist here.
 *
 * @param command - of commander, which compares each option with all that it has
 * @param named - only those settings that have one of these flags. @default all
 */
export function addSettings(command: Command, named?: ReadonlySet<string>): void {
  const isWanted = (flags: readonly string[]): boolean => named === undefined || flags.some((flag) => named.has(flag));
  for (const { title, settings } of SECTIONS) {
    for (const [name, setting] of Object.entries(settings as Record<string, Setting>)) {
      if (!isWanted(namesOf(name, setting))) continue;
      for (const { option } of flagsOf(name, setting)) command.addOption(option.helpGroup(`${title}:`));
    }
  }
  for (const { option } of unsupportedFlags((long) => isWanted([long]))) command.addOption(option);
}

/**
 * Finds the flags in a command line, for `addSettings`.
 *
 * @param others - flags that it may have beside the settings
 * @returns null when a word is another option, or several in one
 */
export function flagsAmong(words: readonly string[], others: readonly string[]): ReadonlySet<string> | null {
  const end = words.indexOf("--");
  const given = (end === -1 ? words : words.slice(0, end)).filter((word) => /^-./.test(word));
  const flags = new Set(given.map((word) => word.split("=", 1)[0] ?? ""));
  const known = new Set([
    ...others,
    ...settingList().flatMap(([name, setting]) => namesOf(name, setting)),
    ...NOT_SUPPORTED.flatMap((each) => each.flags),
  ]);
  return [...flags].every((flag) => known.has(flag)) ? flags : null;
}

/** The long flags of the settings that most people need. */
export function commonFlags(): readonly string[] {
  return settingList().flatMap(([name, setting]) => (setting.isCommon === true ? (flagOf(name, setting) ?? []) : []));
}

/**
 * Reads the settings that were given to a command.
 *
 * @param command - one that `addSettings` was called with, parsed
 * @param source - put before the flag in messages, when it is not the command line itself: `TSGI_CMD_ARGS`
 * @throws SettingError for a setting of gunicorn that does not exist here
 */
export function settingsFromCommand(command: Command, source?: string): Layer {
  const isGiven = (option: Option): boolean => command.getOptionValueSource(option.attributeName()) === "cli";
  const prefix = source === undefined ? "" : `${source}: `;
  const added = new Set(command.options.map(({ long }) => long));
  for (const { option, long, why } of unsupportedFlags((each) => added.has(each))) {
    // --no-x shares its name with a --x that may exist: only its own value counts.
    const isOff = command.getOptionValue(option.attributeName()) === false;
    if (isGiven(option) && (!option.negate || isOff))
      throw new SettingError(`${prefix}${long} is not supported: ${why}`);
  }
  const layer: Given[] = [];
  for (const [name, setting] of settingList()) {
    if (!added.has(flagOf(name, setting) ?? "")) continue;
    for (const { option, long } of flagsOf(name, setting)) {
      // Of a pair --x and --no-x the first stands for both.
      if (!isGiven(option) || option.negate) continue;
      const raw: unknown = command.getOptionValue(option.attributeName());
      const written = raw === false ? negatedFlag(long) : long;
      const place = typeof raw === "boolean" ? `${prefix}${written}` : `${prefix}${written} ${shownList(raw)}`;
      layer.push({ name, raw, origin: `${prefix}${written}`, place });
    }
  }
  return layer;
}

function shownList(raw: unknown): string {
  return Array.isArray(raw) ? raw.map(shown).join(" ") : shown(raw);
}

function flagsOf(name: string, setting: Setting): Flag[] {
  const long = flagOf(name, setting);
  if (long === null) return [];
  const placeholder = placeholderOf(setting);
  const argument = placeholder === "" ? "" : ` ${placeholder}`;
  const short = setting.short === undefined ? "" : `-${setting.short}, `;
  const flags = [{ option: new Option(`${short}${long}${argument}`, helpOf(setting)), long }];
  for (const alias of setting.aliases ?? []) {
    flags.push({ option: new Option(`--${alias}${argument}`).hideHelp(), long: `--${alias}` });
  }
  for (const { option } of flags) if (setting.type === "list") option.argParser(collect);
  if (setting.type === "boolean") {
    flags.push({ option: new Option(negatedFlag(long)).hideHelp(), long });
  }
  return flags;
}

/** All flags that mean a setting. */
function namesOf(name: string, setting: Setting): string[] {
  const long = flagOf(name, setting);
  if (long === null) return [];
  const short = setting.short === undefined ? [] : [`-${setting.short}`];
  const negated = setting.type === "boolean" ? [negatedFlag(long)] : [];
  return [long, ...short, ...negated, ...(setting.aliases ?? []).map((alias) => `--${alias}`)];
}

function negatedFlag(long: string): string {
  return long.replace(/^--/, "--no-");
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function helpOf(setting: Setting): string {
  const choices =
    setting.type === "choice" && /[<[]name/.test(placeholderOf(setting)) ? setting.choices.join(", ") : "";
  const notes = [choices, defaultText(setting)].filter((note) => note !== "");
  return `${firstSentence(setting.doc)}${notes.length === 0 ? "" : ` (${notes.join("; ")})`}`;
}

function unsupportedFlags(isWanted: (long: string) => boolean): (Flag & { readonly why: string })[] {
  return NOT_SUPPORTED.flatMap(({ flags, why }) =>
    flags.filter(isWanted).map((long) => ({
      option: new Option(long.startsWith("--no-") ? long : `${long} [value]`).hideHelp(),
      long,
      why,
    })),
  );
}
