// Reads the [uwsgi] section of an INI file as uWSGI does: keys may repeat, %-variables and placeholders are filled in.
// Source: uWSGI's documentation of its configuration and of "magic variables".
import { existsSync } from "node:fs";
import { availableParallelism, hostname, userInfo } from "node:os";
import { basename, dirname, extname, resolve } from "node:path";
import { FileUnusableError } from "../errors.ts";
import { readText } from "./read-text.ts";

/** One option, as it was written. */
export interface UwsgiOption {
  readonly key: string;
  readonly value: string;
  /** A variable in the value that could not be filled in. */
  readonly unfilled?: string;
  /** Whether another value uses it as `%(key)`. */
  readonly isPlaceholder?: boolean;
}

const INI_PASTE = new Set(["ini-paste", "ini-paste-logged"]);
const SET = new Set(["set", "set-placeholder", "set-ph"]);

/**
 * Reads a file.
 *
 * @param path - absolute
 * @param environment - for `$(NAME)`
 * @throws FileUnusableError when it cannot be read, or has no such section
 */
export function readUwsgiIni(
  path: string,
  environment: Readonly<Record<string, string | undefined>>,
  section = "uwsgi",
): UwsgiOption[] {
  const lines = sectionLines(readText(path), section);
  if (lines === undefined) {
    throw new FileUnusableError(`Cannot import "${path}": it has no section [${section}]`);
  }
  return readUwsgiLines(lines, path, section, environment);
}

/**
 * Reads the lines of a section, `key = value` or a key alone.
 *
 * @param path - of their file, absolute
 * @param section - its name
 * @param environment - for `$(NAME)`
 */
export function readUwsgiLines(
  lines: readonly string[],
  path: string,
  section: string,
  environment: Readonly<Record<string, string | undefined>>,
): UwsgiOption[] {
  const options: UwsgiOption[] = [];
  const placeholders = new Map<string, string>();
  for (const line of lines) {
    const [, rawKey = "", rawValue = ""] = /^([^=]*?)\s*(?:=\s*(.*))?$/.exec(line) ?? [];
    const key = rawKey.replaceAll("_", "-").toLowerCase();
    const filled = fill(rawValue, { path, section, environment, placeholders });
    if (SET.has(key)) {
      const [, name = "", value = ""] = /^([^=]*)=?(.*)$/.exec(filled.value) ?? [];
      placeholders.set(name.trim(), value.trim());
      continue;
    }
    if (!placeholders.has(rawKey)) placeholders.set(rawKey, filled.value);
    options.push({ key, ...filled });
  }
  return options.map((option) => {
    const isPlaceholder = lines.some(
      (line) => line.includes(`%(${option.key})`) || line.includes(`%(${option.key.replaceAll("-", "_")})`),
    );
    return isPlaceholder ? { ...option, isPlaceholder } : option;
  });
}

/**
 * Adds what the files of Paste say themselves: uWSGI reads the section [uwsgi] of a file that `ini-paste` or `ini-paste-logged` names.
 *
 * @param path - of the file that the options come from; null for a command line
 * @param directory - in which the other server would be started
 */
export function withPasteFiles(
  options: readonly UwsgiOption[],
  path: string | null,
  directory: string,
  environment: Readonly<Record<string, string | undefined>>,
): UwsgiOption[] {
  const named = options.filter(({ key, unfilled }) => INI_PASTE.has(key) && unfilled === undefined);
  const files = named.map(({ value }) => resolve(directory, value.replace(/^config:/, "").replace(/#.*/s, "")));
  const others = files.filter((file) => file !== path && existsSync(file));
  const read = others.flatMap((file) =>
    sectionLines(readText(file), "uwsgi") === undefined ? [] : readUwsgiIni(file, environment),
  );
  return [...read.filter(({ key }) => !INI_PASTE.has(key)), ...options];
}

/** The lines of one section without comments; undefined when there is none. */
function sectionLines(text: string, wanted: string): string[] | undefined {
  let lines: string[] | undefined;
  let isInside = false;
  for (const raw of text.replace(/^\uFEFF/, "").split(/\r?\n/)) {
    const line = raw.trim();
    const header = /^\[([^\]]*)\]$/.exec(line);
    if (header !== null) {
      isInside = header[1]?.trim() === wanted;
      if (isInside) lines ??= [];
    } else if (isInside && line !== "" && !/^[;#]/.test(line)) lines?.push(line);
  }
  return lines;
}

interface Place {
  readonly path: string;
  readonly section: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly placeholders: ReadonlyMap<string, string>;
}

function fill(text: string, place: Place): { value: string; unfilled?: string } {
  let unfilled: string | undefined;
  const value = text.replaceAll(
    /%\(([^)]*)\)|\$\(([^)]*)\)|%(.)/gs,
    (all: string, name?: string, variable?: string, letter = "") => {
      const found =
        name !== undefined
          ? place.placeholders.get(name)
          : variable !== undefined
            ? place.environment[variable]
            : magic(letter, place);
      if (found === undefined) unfilled ??= all;
      return found ?? all;
    },
  );
  return unfilled === undefined ? { value } : { value, unfilled };
}

/** What `%` and a letter stand for; capitals, which mean the first file of several, are the same for a single one. */
function magic(letter: string, { path, section }: Place): string | undefined {
  const directory = dirname(path);
  switch (letter) {
    case "%":
      return "%";
    case "d":
    case "D":
      return `${directory.replace(/\/$/, "")}/`;
    case "n":
    case "N":
      return basename(path, extname(path));
    case "s":
    case "S":
      return basename(path);
    case "p":
    case "P":
    case "o":
    case "O":
      return path;
    case "e":
    case "E":
      return extname(path).slice(1);
    case "c":
    case "C":
      return basename(directory);
    case "v":
      return resolve();
    case "k":
      return String(availableParallelism());
    case "h":
      return hostname();
    case "u":
      return String(userInfo().uid);
    case "U":
      return userInfo().username;
    case "g":
      return String(userInfo().gid);
    case "x":
    case "X":
      return section;
    default:
      return /\d/.test(letter) ? directory.split("/")[Number(letter) + 1] : undefined;
  }
}
