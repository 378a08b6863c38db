// A directive of a web server's configuration, with what stands inside of it. nginx and Apache write trees of the same kind.

/** One directive. */
export interface SiteDirective {
  /** As it was written; compare in lower case, which is how Apache reads it. */
  readonly name: string;
  readonly words: readonly string[];
  /** Null for one without a block. */
  readonly block: readonly SiteDirective[] | null;
}

/** The directives that hold at a place, from the outside in: what stands further in counts. */
export type SiteLevels = readonly (readonly SiteDirective[])[];

/** As it would be written on one line, for remarks. */
export function subjectOfDirective({ name, words }: SiteDirective): string {
  return [name, ...words].join(" ");
}

/** The directives of a name, at this level. */
export function directivesOf(block: readonly SiteDirective[], name: string): SiteDirective[] {
  return block.filter((directive) => directive.name.toLowerCase() === name);
}

/** The words of the last directive of a name; undefined when there is none. */
export function wordsOf(block: readonly SiteDirective[], name: string): readonly string[] | undefined {
  return directivesOf(block, name).at(-1)?.words;
}

/** The directives of a name, at the innermost level that has one. */
export function inheritedDirectives(levels: SiteLevels, name: string): readonly SiteDirective[] {
  return levels.map((level) => directivesOf(level, name)).findLast((found) => found.length > 0) ?? [];
}

/** The words of the last of them; undefined when no level has one. */
export function inheritedWords(levels: SiteLevels, name: string): readonly string[] | undefined {
  return inheritedDirectives(levels, name).at(-1)?.words;
}
