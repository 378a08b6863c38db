// A site as it comes together out of the configuration of a web server: what is mounted where, and how it is served. It becomes an INI file.
import { RemarkList } from "./remark-list.ts";

/** A key with its value. */
export type IniPair = readonly [key: string, value: string];

/** What stands at one path. */
export interface SiteApplication {
  /** For the name of its section. */
  readonly kind: string;
  /** `egg:tsgi#proxy`, or a composite of others. */
  readonly use: string;
  readonly keys: readonly IniPair[];
  /** Filters, outermost first. */
  readonly filters?: readonly Omit<SiteApplication, "filters">[];
}

/** What a key of a map cannot hold: it would be read as the end of the key, or as a comment. */
const NOT_A_KEY = /[\s=:]/;

/** The file while it is made. */
export class SiteDraft extends RemarkList {
  readonly #server = new Map<string, string>();
  readonly #mounts = new Map<string, string>();
  readonly #sections: { readonly header: string; readonly pairs: readonly IniPair[] }[] = [];
  readonly #names = new Map<string, number>();

  /** Whether anything is mounted. */
  get isEmpty(): boolean {
    return this.#mounts.size === 0;
  }

  /** Sets a key of `[server:main]`. */
  server(key: string, value: string): void {
    this.#server.set(key, value);
  }

  /** Adds a word to a key of `[server:main]` that takes several. */
  serverWord(key: string, word: string): void {
    const words = new Set(this.#server.get(key)?.split(" "));
    this.#server.set(key, [...words.add(word)].join(" "));
  }

  /** A section for an application. @returns its name */
  application({ kind, use, keys, filters = [] }: SiteApplication): string {
    const outer = filters.map((filter) => this.#section("filter", filter.kind, filter.use, filter.keys));
    const chain = outer.length === 0 ? [] : [["filter-with", outer[0] ?? ""] as const];
    return this.#section(use.includes("cascade") ? "composite" : "app", kind, use, [...keys, ...chain]);
  }

  /**
   * Mounts an application.
   *
   * @param domain - null for any
   * @param path - begins with a slash
   * @param subject - as it was written there
   */
  mount(domain: string | null, path: string, name: string, subject: string): void {
    const place = path === "/" ? "/" : path.replace(/\/+$/, "");
    if (NOT_A_KEY.test(place)) {
      this.missing(subject, "its path has a character that no key of an INI file can have");
      return;
    }
    const key = domain === null ? place : `domain ${domain} ${place}`;
    if (this.#mounts.has(key)) this.changed(subject, `${key} is taken already; the first is kept`);
    else this.#mounts.set(key, name);
  }

  /** The INI file. @param source - what it was made from */
  render(source: string): string {
    const server = section("server:main", [["use", "egg:tsgi"], ...this.#server]);
    const map = section("composite:main", [["use", "egg:tsgi#urlmap"], ...this.#mounts]);
    const others = this.#sections.map(({ header, pairs }) => section(header, pairs));
    return [`; Made by "tsgi import" from ${source}`, server, map, ...others].join("\n\n") + "\n";
  }

  #section(type: string, kind: string, use: string, keys: readonly IniPair[]): string {
    const count = (this.#names.get(kind) ?? 0) + 1;
    this.#names.set(kind, count);
    const name = count === 1 ? kind : `${kind}-${count}`;
    this.#sections.push({ header: `${type}:${name}`, pairs: [["use", use], ...keys] });
    return name;
  }
}

function section(header: string, pairs: readonly IniPair[]): string {
  // A per cent sign would begin an interpolation, and a line break a continuation.
  const lines = pairs.map(([key, value]) => `${key} = ${value.replaceAll("%", "%%").replaceAll("\n", "\n    ")}`);
  return [`[${header}]`, ...lines].join("\n");
}
