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
 * Adds every setting to a command as an option, and hidden ones for the settings of gunicorn that do not exist here.
 *
 * @param command - of commander
 */
export function addSettings(command: Command): void {
  for (const { title, settings } of SECTIONS) {
    for (const [name, setting] of Object.entries(settings as Record<string, Setting>)) {
      for (const { option } of flagsOf(name, setting)) command.addOption(option.helpGroup(`${title}:`));
    }
  }
  for (const { option } of unsupportedFlags()) command.addOption(option);
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
  for (const { option, long, why } of unsupportedFlags()) {
    // --no-x shares its name with a --x that may exist: only its own value counts.
    const isOff = command.getOptionValue(option.attributeName()) === false;
    if (isGiven(option) && (!option.negate || isOff))
      throw new SettingError(`${prefix}${long} is not supported: ${why}`);
  }
  const layer: Given[] = [];
  for (const [name, setting] of settingList()) {
    for (const { option, long } of flagsOf(name, setting)) {
      // Of a pair --x and --no-x the first stands for both.
      if (!isGiven(option) || option.negate) continue;
      const raw: unknown = command.getOptionValue(option.attributeName());
      const written = raw === false ? long.replace(/^--/, "--no-") : long;
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
    flags.push({ option: new Option(long.replace(/^--/, "--no-")).hideHelp(), long });
  }
  return flags;
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

function unsupportedFlags(): (Flag & { readonly why: string })[] {
  return NOT_SUPPORTED.flatMap(({ flags, why }) =>
    flags.map((long) => ({
      option: new Option(long.startsWith("--no-") ? long : `${long} [value]`).hideHelp(),
      long,
      why,
    })),
  );
}
