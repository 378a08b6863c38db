// Reads the [uwsgi] section of an INI file as uWSGI does: keys may repeat, %-variables and placeholders are filled in.
// Source: uWSGI's documentation of its configuration and of "magic variables".
import { existsSync } from "node:fs";
import { availableParallelism, hostname, userInfo } from "node:os";
import { basename, dirname, extname, resolve } from "node:path";
import { FileUnusableError } from "../errors.ts";
import { readText } from "./read-text.ts";
import { BLOCKS, conditionHolds, externalText, keyAndValue, loopItems } from "./uwsgi-logic.ts";
import { WorkBudget } from "./work-budget.ts";

/** One option, as it was written. */
export interface UwsgiOption {
  readonly key: string;
  readonly value: string;
  /** A variable in the value that could not be filled in. */
  readonly unfilled?: string;
  /** Whether another value uses it as `%(key)`. */
  readonly isPlaceholder?: boolean;
}

/** uWSGI itself knows about as many. */
const MAX_OPTIONS = 1000;
const MAX_LINE_CHARACTERS = 65_536;

const INI_PASTE = new Set(["ini-paste", "ini-paste-logged"]);
/** Options that set a placeholder. */
export const UWSGI_SET: ReadonlySet<string> = new Set(["set", "set-placeholder", "set-ph"]);

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
  placeholders: ReadonlyMap<string, string> = new Map(),
): UwsgiOption[] {
  const lines = sectionLines(readText(path), section);
  if (lines === undefined) {
    throw new FileUnusableError(`Cannot import "${path}": it has no section [${section}]`);
  }
  return readUwsgiLines(lines, { path, section, environment, placeholders });
}

/**
 * Reads the lines of a section, `key = value` or a key alone, with its conditions and loops.
 *
 * @param place - where they stand
 */
export function readUwsgiLines(lines: readonly string[], place: Place): UwsgiOption[] {
  const reader = new LineReader(place);
  reader.read(lines);
  const used = new Set(
    lines.flatMap((line) => Array.from(line.matchAll(/%\(([\w-]{1,255})\)/g), ([, name = ""]) => name)),
  );
  return reader.options.map((option) => {
    const isPlaceholder = used.has(option.key) || used.has(option.key.replaceAll("-", "_"));
    return isPlaceholder ? { ...option, isPlaceholder } : option;
  });
}

/** One pass through a section: what a line says may be used by those below. */
class LineReader {
  readonly options: UwsgiOption[] = [];
  readonly #place: Place;
  readonly #placeholders: Map<string, string>;
  readonly #said = new Set<string>();
  readonly #budget: WorkBudget;

  constructor(place: Place) {
    this.#place = place;
    this.#budget = new WorkBudget(place.path);
    this.#placeholders = new Map(place.placeholders);
  }

  read(lines: readonly string[]): void {
    for (let index = 0; index < lines.length; index += 1) {
      const line = lines[index] ?? "";
      this.#budget.spend(line.length + 1);
      if (line.length > MAX_LINE_CHARACTERS)
        throw new FileUnusableError(
          `Cannot read "${this.#place.path}": it has a line of more than ${MAX_LINE_CHARACTERS} characters`,
        );
      const [rawKey, rawValue = ""] = keyAndValue(line);
      const key = keyOf(rawKey);
      const filled = fill(rawValue, { ...this.#place, placeholders: this.#placeholders }, this.#budget);
      const end = blockEnd(lines, index, key, this.#budget);
      if (end !== null && this.#block(key, filled.value, lines.slice(index + 1, end))) index = end;
      else this.#line(rawKey, key, filled);
    }
  }

  /** @returns false where it is not known how often the lines count; then they are read as if there were no block */
  #block(key: string, value: string, inside: readonly string[]): boolean {
    const items = loopItems(key, value);
    if (items !== undefined) {
      for (const item of items) {
        this.#budget.spend(item.length + 1);
        this.#placeholders.set("_", item);
        this.read(inside);
      }
      this.#placeholders.delete("_");
      return true;
    }
    const holds = conditionHolds(key, value, { environment: this.#place.environment, said: this.#said });
    if (holds === true) this.read(inside);
    return holds !== undefined;
  }

  #line(rawKey: string, key: string, filled: { value: string; unfilled?: string }): void {
    if (UWSGI_SET.has(key)) {
      const [name, value] = placeholderOf(filled.value);
      this.#placeholders.set(name, value);
      return;
    }
    if (this.options.length === MAX_OPTIONS)
      throw new FileUnusableError(`Cannot read "${this.#place.path}": it has more than ${MAX_OPTIONS} options`);
    if (filled.value.includes("\uFFFD"))
      throw new FileUnusableError(`Cannot read "${this.#place.path}": the value of "${key}" is no text in UTF-8`);
    if (!this.#placeholders.has(rawKey)) this.#placeholders.set(rawKey, filled.value);
    this.#said.add(key).add(`${key}=${filled.value}`);
    this.options.push({ key, ...filled });
  }
}

/** `name=value` of `set-placeholder`. */
export function placeholderOf(text: string): readonly [name: string, value: string] {
  const [name, value = ""] = keyAndValue(text.trim());
  return [name, value];
}

/** The one spelling of a name. */
function keyOf(written: string): string {
  return written.replaceAll("_", "-").toLowerCase();
}

/** Where the block ends that a line begins; null where it begins none, or one without an end. */
function blockEnd(lines: readonly string[], begin: number, key: string, budget: WorkBudget): number | null {
  const kind = BLOCKS.find((each) => each.begin.test(key));
  if (kind === undefined) return null;
  let depth = 0;
  for (let index = begin; index < lines.length; index += 1) {
    const [name] = keyAndValue(lines[index] ?? "");
    budget.spend(name.length + BLOCKS.length);
    const each = keyOf(name);
    if (kind.begin.test(each)) depth += 1;
    else if (kind.end.test(each)) depth -= 1;
    if (depth === 0) return index;
  }
  return null;
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
  for (const raw of text.split(/\r?\n/)) {
    const line = raw.trim();
    const header = /^\[([^\]]*)\]$/.exec(line);
    if (header !== null) {
      isInside = header[1]?.trim() === wanted;
      if (isInside) lines ??= [];
    } else if (isInside && line !== "" && !/^[;#]/.test(line)) lines?.push(line);
  }
  return lines;
}

/** Where lines stand. */
export interface Place {
  /** Of their file, absolute. */
  readonly path: string;
  readonly section: string;
  /** For `$(NAME)` and conditions. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What was set before. */
  readonly placeholders: ReadonlyMap<string, string>;
}

function fill(text: string, place: Place, budget: WorkBudget): { value: string; unfilled?: string } {
  let unfilled: string | undefined;
  const value = text.replaceAll(
    /%\(([^)]{0,255})\)|\$\(([^)]{0,255})\)|@\(([^)]{0,255})\)|%(.)/gs,
    (all: string, name?: string, variable?: string, external?: string, letter = "") => {
      const found =
        name !== undefined
          ? place.placeholders.get(name)
          : variable !== undefined
            ? place.environment[variable]
            : external !== undefined
              ? externalText(fill(external, place, budget).value)
              : magic(letter, place);
      if (found === undefined) unfilled ??= all;
      // Some of them ask the system.
      budget.spend((found?.length ?? 0) + 256);
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
