// Turns the strings of an INI section into the options of a middleware or of a guest. Source: PasteDeploy, whose factories get strings only and
// whose converters say how each kind is written.
//
// An option `maxAgeSeconds` is written `max_age_seconds` in a file; `max-age-seconds` and `maxAgeSeconds` are understood too.
import { resolve } from "node:path";
import { suggestion } from "../nearest-name.ts";
import { shownValue } from "../secret-name.ts";
import type { Middleware } from "../wsgi/types.ts";
import { asBool, asInt, asList } from "./converters.ts";
import { OptionError } from "./option-error.ts";
import type { Configuration } from "./origin-values.ts";

export type { Configuration };

/** Reads the value of one key. */
export type OptionReader<Value> = (text: string, key: string) => Value;

/** A reader for each option that a file can contain; the others are for programs only. */
export type OptionReaders<Options> = { readonly [Name in keyof Options]?: OptionReader<NonNullable<Options[Name]>> };

/**
 * Reads the options of a section. The factory checks required options, as it does for programs.
 *
 * @param localConf - keys of the section
 * @param readers - a reader for each option
 * @returns the options that the section names
 * @throws OptionError for a key that no option has; the message names the nearest one
 * @throws DeployError for a value that its reader cannot read
 */
export function readOptions<Options extends object>(
  localConf: Configuration,
  readers: OptionReaders<Options>,
): Options {
  const options: Record<string, unknown> = {};
  const names = Object.keys(readers);
  for (const [key, text] of Object.entries(localConf)) {
    const name = optionName(key);
    const reader = Object.hasOwn(readers, name) ? readers[name as keyof Options] : undefined;
    if (reader === undefined) {
      throw new OptionError(`Unknown option "${key}"${suggestion(key, names.map(iniKey))}`);
    }
    if (Object.hasOwn(options, name)) {
      throw new OptionError(`Option "${iniKey(name)}" is given twice; expected one spelling of it`);
    }
    options[name] = reader(text, key);
  }
  return options as Options; // each value comes from the reader of that option
}

/**
 * Makes a middleware, or an application, from the options of a section, as {@link readOptions} reads them. What `make` says of an option names it as the
 * file spells it.
 *
 * @param make - the factory for programs
 * @param localConf - keys of the section
 * @param readers - a reader for each option
 * @throws OptionError for an unknown key, or for what `make` refuses
 * @throws DeployError for a value that its reader cannot read
 * @example
 * export function filterFactory(_globalConf: Configuration, localConf: Configuration): Middleware {
 *   return fromSection(bodyLimit, localConf, { maxBytes: bytes });
 * }
 */
export function fromSection<Options extends object, Made = Middleware>(
  make: (options: Options) => Made,
  localConf: Configuration,
  readers: OptionReaders<Options>,
): Made {
  const options = readOptions<Options>(localConf, readers);
  try {
    return make(options);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    const keys = new Map(Object.keys(localConf).map((key) => [optionName(key), key]));
    const message = error.message.replaceAll(/"(\w+)"/g, (quoted, name: string) =>
      Object.hasOwn(readers, name) ? `"${keys.get(name) ?? iniKey(name)}"` : quoted,
    );
    throw new OptionError(message, { cause: error });
  }
}

/** Refuses every key, for middleware without options. */
export function readNoOptions(localConf: Configuration): void {
  readOptions(localConf, {});
}

/** A text, unchanged. */
export const text: OptionReader<string> = (value) => value;

/**
 * Returns a reader for paths. Relative paths start from the directory of the configuration file.
 *
 * @param globalConf - `here` is that directory; without it the working directory counts
 */
export function fileIn(globalConf: Configuration): OptionReader<string> {
  return (value) => (value === "" ? value : resolve(globalConf["here"] ?? "", value));
}

/** true, yes, on, y, t, 1 or the opposite. */
export const flag: OptionReader<boolean> = (value, key) => asBool(value, { key });

/** A whole number. */
export const integer: OptionReader<number> = (value, key) => asInt(value, { key });

/** A number with or without a fraction. */
export const decimal: OptionReader<number> = (value, key) => {
  const number = value.trim() === "" ? Number.NaN : Number(value);
  if (Number.isFinite(number)) return number;
  throw new OptionError(`Option "${key}" is "${shownValue(key, value)}"; expected a number`);
};

/** Words, separated by whitespace (including line breaks) or commas. */
export const words: OptionReader<string[]> = (value) => asList(value.replaceAll(",", " ")) as string[];

/** Lines, without empty ones. */
export const lines: OptionReader<string[]> = (value) => (asList(value, "\n") as string[]).filter((line) => line !== "");

/** Bytes: digits, with `k`, `m` or `g` for powers of 1024. */
export const bytes: OptionReader<number> = (value, key) => {
  const [, digits, unit = ""] = /^\s*(\d+)\s*([kmg]?)(?:i?b)?\s*$/i.exec(value) ?? [];
  if (digits === undefined) {
    throw new OptionError(
      `Option "${key}" is "${shownValue(key, value)}"; expected bytes, such as "65536", "64k" or "1m"`,
    );
  }
  return Number(digits) * 1024 ** " kmg".indexOf(unit.toLowerCase() || " ");
};

/** One of a few words. */
export function oneOf<const Choice extends string>(...choices: readonly Choice[]): OptionReader<Choice> {
  return (value, key) => {
    const word = value.trim().toLowerCase();
    const choice = choices.find((candidate) => candidate.toLowerCase() === word);
    if (choice !== undefined) return choice;
    const expected = choices.map((candidate) => `"${candidate}"`).join(", ");
    throw new OptionError(`Option "${key}" is "${shownValue(key, value)}"; expected one of ${expected}`);
  };
}

/** Lines of `name = value` (or `name: value`), as a record. */
export const pairs: OptionReader<Record<string, string>> = (value, key) => {
  const record: Record<string, string> = {};
  for (const [index, line] of lines(value, key).entries()) {
    const [, name, rest] = /^([^=:\s]+)\s*[=:]\s*(.*)$/.exec(line) ?? [];
    if (name === undefined || rest === undefined) {
      // The line itself may be a password.
      throw new OptionError(`Option "${key}" has no name and value in line ${index + 1}; expected "name = value"`);
    }
    record[name] = rest;
  }
  return record;
};

/**
 * Returns the value of a required option.
 *
 * @throws OptionError when it is missing or empty
 */
export function required<Value>(value: Value | undefined, name: string, expected: string): Value {
  if (value !== undefined && value !== "") return value;
  throw new OptionError(`Option "${name}" is missing; expected ${expected}`);
}

/**
 * Returns a number, after a check that it is within bounds.
 *
 * @throws OptionError when it does not, or is no number
 */
export function within(value: number, name: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  if (value >= least && value <= most) return value;
  const upper = most === Number.MAX_SAFE_INTEGER ? "or more" : `to ${most}`;
  throw new OptionError(`Option "${name}" is ${value}; expected ${least} ${upper}`);
}

function optionName(key: string): string {
  return key.replaceAll(/[-_ ]+([a-z\d])/g, (_, letter: string) => letter.toUpperCase());
}

function iniKey(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
