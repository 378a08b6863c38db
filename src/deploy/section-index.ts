// Finds the section of a file that describes an object of a type. Source: PasteDeploy, "Config Format"; the families of aliases.
import { DeployError, type Place } from "./errors.ts";
import type { IniFile, IniSection } from "./ini.ts";
import { nearestName, suggestion } from "../nearest-name.ts";
import { SECTION_PREFIXES, splitSectionName, type ObjectType } from "./object-type.ts";
import { strip } from "./python-text.ts";

const NONE: readonly IniSection[] = [];

/** The sections of one file by prefix and name; built once, since a large file is asked thousands of times. */
export class SectionIndex {
  readonly #file: IniFile;
  readonly #byPrefix = new Map<string, Map<string, IniSection[]>>();

  constructor(file: IniFile) {
    this.#file = file;
    for (const section of file.sections.values()) {
      const parts = splitSectionName(section.name);
      if (parts === null || parts.name === null) continue;
      const byName = this.#byPrefix.get(parts.prefix) ?? new Map<string, IniSection[]>();
      this.#byPrefix.set(parts.prefix, byName);
      const name = strip(parts.name);
      byName.set(name, (byName.get(name) ?? []).concat(section));
    }
  }

  /** Names of all sections that describe an object of this type. */
  names(wanted: ObjectType): string[] {
    const names = SECTION_PREFIXES[wanted]
      .flat()
      .flatMap((prefix) => Array.from(this.#byPrefix.get(prefix)?.keys() ?? []));
    return [...new Set(names)];
  }

  /** All sections that fit, from each family those of the first alias that is there. */
  candidates(wanted: ObjectType, name: string | null): IniSection[] {
    const candidates: IniSection[] = [];
    for (const family of SECTION_PREFIXES[wanted]) {
      for (const prefix of family) {
        const found = this.#withPrefix(prefix, name);
        candidates.push(...found);
        if (found.length > 0) break;
      }
    }
    return candidates;
  }

  /**
   * Finds the one section that fits.
   *
   * @param name - after the colon; null accepts the short form `[app]` as well as `main`
   * @throws {DeployError} when none fits, or several do
   */
  find(wanted: ObjectType, name: string | null, place: Place): IniSection {
    const candidates = this.candidates(wanted, name);
    const [section] = candidates;
    if (section === undefined) throw this.#missing(wanted, name, place);
    if (candidates.length === 1) return section;
    const list = candidates.map((candidate) => `[${candidate.name}] on line ${candidate.line}`).join(", ");
    const what = `Several sections describe ${article(wanted)} "${name ?? "main"}": ${list}; expected one`;
    throw new DeployError("ERR_TSGI_DEPLOY_SECTION_AMBIGUOUS", what, { file: this.#file.path, ...place });
  }

  /** Sections that an alias of the same family hides, with the section that hides them. */
  hidden(): [hidden: IniSection, by: IniSection][] {
    const families = Object.values(SECTION_PREFIXES).flat();
    return families.flatMap(([first = "", second = ""]) =>
      [...(this.#byPrefix.get(second) ?? [])].flatMap(([name, sections]) => {
        const by = this.#byPrefix.get(first)?.get(name)?.[0];
        return by === undefined ? [] : sections.map((section): [IniSection, IniSection] => [section, by]);
      }),
    );
  }

  #withPrefix(prefix: string, name: string | null): readonly IniSection[] {
    const named = this.#byPrefix.get(prefix)?.get(name ?? "main") ?? NONE;
    const short = name === null ? this.#file.sections.get(prefix) : undefined;
    return short === undefined ? named : [short].concat(named);
  }

  #missing(wanted: ObjectType, name: string | null, place: Place): DeployError {
    const prefixes = SECTION_PREFIXES[wanted].flat().map((prefix) => `"${prefix}"`);
    const what = `No section "${name ?? "main"}" (prefixed by ${prefixes.join(" or ")}) in "${this.#file.path}"`;
    const hint =
      this.#otherType(wanted, name) ??
      this.#misspeltPrefix(wanted, name) ??
      this.#shortForm(wanted, name) ??
      suggestion(name ?? "main", this.names(wanted));
    return new DeployError("ERR_TSGI_DEPLOY_SECTION_MISSING", what + hint, { file: this.#file.path, ...place });
  }

  /** A section of this name whose prefix is none, but nearly one. */
  #misspeltPrefix(wanted: ObjectType, name: string | null): string | undefined {
    const prefixes = SECTION_PREFIXES[wanted].flat();
    for (const { name: header, line } of this.#file.sections.values()) {
      const colon = header.indexOf(":");
      if (colon === -1 || strip(header.slice(colon + 1)) !== (name ?? "main")) continue;
      const nearest = nearestName(header.slice(0, colon), prefixes);
      if (nearest === undefined) continue;
      return `; did you mean [${nearest}${header.slice(colon)}] by [${header}] on line ${line}`;
    }
    return undefined;
  }

  /** A section of this name that describes another type of object. */
  #otherType(wanted: ObjectType, name: string | null): string | undefined {
    for (const type of Object.keys(SECTION_PREFIXES) as ObjectType[]) {
      const [found] = this.candidates(type, name); // none of the type that is wanted, or it would not be missing
      if (found === undefined) continue;
      return `; [${found.name}] describes ${article(type)}, but ${article(wanted)} is expected`;
    }
    return undefined;
  }

  /** The short form `[app]`, which the name `main` does not find. */
  #shortForm(wanted: ObjectType, name: string | null): string | undefined {
    const isThere = SECTION_PREFIXES[wanted].flat().some((prefix) => this.#file.sections.has(prefix));
    if (name !== "main" || !isThere) return undefined;
    return `; a section without a name is not found by "main", write ":main" after its prefix`;
  }
}

/** The type with its article. */
export function article(type: ObjectType): string {
  return type === "application" ? "an application" : `a ${type}`;
}
