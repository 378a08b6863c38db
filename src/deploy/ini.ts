// Reads INI text by the grammar of Python's strict ConfigParser and keeps the place of every key.
// Source: CPython's configparser, "Supported INI File Structure", with strict=True, case-sensitive keys and no inline comments.
import { HIDDEN, isSecretName, shownLine } from "../secret-name.ts";
import { DeployError } from "./errors.ts";
import { indentOf, strip, stripEnd } from "./python-text.ts";

/** The section whose keys all other sections inherit; only this exact spelling. */
export const DEFAULT_SECTION = "DEFAULT";

/** One `key = value` of a file. */
export interface IniEntry {
  readonly key: string;
  /** The text before interpolation; continuation lines are joined with `\n`. */
  value: string;
  /** Line of the key, counted from 1. */
  readonly line: number;
  /** Column of the key, counted from 1. */
  readonly column: number;
}

/** One section: its keys in the order of the file. */
export interface IniSection {
  readonly name: string;
  readonly line: number;
  readonly entries: Map<string, IniEntry>;
}

/** A parsed file. */
export interface IniFile {
  readonly path: string;
  /** The keys of `[DEFAULT]`; that section is not among `sections`. */
  readonly defaults: IniSection;
  readonly sections: Map<string, IniSection>;
}

const LINE_END = /\r\n|\r|\n/;
const HEADER = /^\[(.+)\]/su;

/**
 * Parses INI text.
 *
 * @param text - the decoded file; a byte order mark is an error, as in Python
 * @param path - absolute path, for messages
 * @throws {DeployError} for text before the first section, a line without `=` or `:`, a section or key that is there twice
 */
export function parseIni(text: string, path: string): IniFile {
  return new IniReader(path).read(text.includes("\r") ? text.split(LINE_END) : text.split("\n"));
}

/** The state of a read: what the line before left open decides what an indented line means. */
class IniReader {
  readonly #path: string;
  readonly #file: IniFile;
  #section: IniSection | null = null;
  #entry: IniEntry | null = null;
  #indent = 0;
  #firstError: DeployError | null = null;

  constructor(path: string) {
    this.#path = path;
    const defaults: IniSection = { name: DEFAULT_SECTION, line: 0, entries: new Map() };
    this.#file = { path, defaults, sections: new Map() };
  }

  read(lines: readonly string[]): IniFile {
    for (let index = 0; index < lines.length; index++) this.#readLine(lines[index] ?? "", index + 1);
    // Python reports lines that it does not understand only after the whole file, so that a duplicate is reported first.
    if (this.#firstError !== null) throw this.#firstError;
    for (const section of [this.#file.defaults, ...this.#file.sections.values()]) {
      for (const entry of section.entries.values()) entry.value = stripEnd(entry.value);
    }
    return this.#file;
  }

  #readLine(line: string, number: number): void {
    const indent = indentOf(line);
    const text = stripEnd(line.slice(indent));
    if (text === "") {
      if (this.#entry !== null) this.#entry.value += "\n";
      return;
    }
    if (text.startsWith("#") || text.startsWith(";")) return;
    if (this.#entry !== null && indent > this.#indent) {
      this.#entry.value += `\n${text}`;
      return;
    }
    this.#indent = indent;
    const header = HEADER.exec(text);
    if (header !== null) this.#openSection(header[1] ?? "", number);
    else if (this.#section === null) throw this.#noSection(line, number, indent);
    else this.#readEntry(this.#section, text, number, indent + 1);
  }

  #openSection(name: string, line: number): void {
    this.#entry = null;
    if (name === DEFAULT_SECTION) {
      this.#section = this.#file.defaults;
      return;
    }
    const earlier = this.#file.sections.get(name);
    if (earlier !== undefined) {
      const what = `Section [${name}] is there twice, first on line ${earlier.line}; expected one section of a name`;
      throw new DeployError("ERR_TSGI_INI_DUPLICATE_SECTION", what, { file: this.#path, line, section: name });
    }
    this.#section = { name, line, entries: new Map() };
    this.#file.sections.set(name, this.#section);
  }

  #readEntry(section: IniSection, text: string, line: number, column: number): void {
    const delimiter = firstDelimiter(text);
    if (delimiter === -1) {
      this.#misread(`Line "${this.#shown(text)}" has no "=" or ":"; expected "key = value"`, section, line, column);
      return;
    }
    const key = stripEnd(text.slice(0, delimiter));
    if (key === "") this.#misread(`Line "${this.#shown(text)}" has no key before "${text[0]}"`, section, line, column);
    const earlier = section.entries.get(key);
    if (earlier !== undefined) {
      const what = `Key "${key}" is there twice in [${section.name}], first on line ${earlier.line}; expected it once`;
      const place = { file: this.#path, line, column, section: section.name, key };
      throw new DeployError("ERR_TSGI_INI_DUPLICATE_KEY", what, place);
    }
    const entry: IniEntry = { key, value: strip(text.slice(delimiter + 1)), line, column };
    section.entries.set(key, entry);
    this.#entry = key === "" ? null : entry;
  }

  /** A line that may be a value of its own, or go on with the one before. */
  #shown(text: string): string {
    return this.#entry !== null && isSecretName(this.#entry.key) ? HIDDEN : shownLine(text);
  }

  #misread(what: string, section: IniSection, line: number, column: number): void {
    const place = { file: this.#path, line, column, section: section.name };
    this.#firstError ??= new DeployError("ERR_TSGI_INI_SYNTAX", what, place);
  }

  #noSection(text: string, line: number, indent: number): DeployError {
    const what = text.startsWith("\ufeff")
      ? "The file starts with a byte order mark; expected UTF-8 without it"
      : `Text "${shownLine(strip(text))}" stands before the first section; expected a header like [app:main]`;
    return new DeployError("ERR_TSGI_INI_NO_SECTION", what, { file: this.#path, line, column: indent + 1 });
  }
}

function firstDelimiter(text: string): number {
  const equals = text.indexOf("=");
  const colon = text.indexOf(":");
  return equals === -1 || colon === -1 ? Math.max(equals, colon) : Math.min(equals, colon);
}
