// The blocks of code on a page of the documentation.

/** A block of code, as a reader sees it. */
export interface PageBlock {
  readonly language: string;
  /** "TypeScript" or "Python", where the block is for one of them. */
  readonly audience: string | null;
  /** Name of the file that it is. */
  readonly file: string | null;
  readonly text: string;
}

/** A block in Markdown, or one of the comments around tabs, or the line above a block in tabs that says for whom it is. */
const MARKDOWN =
  /^```(?<language>\w+)(?: title="(?<file>[^"]+)")?\n(?<text>[^]*?)^```$|^<!-- (?<end>end of )?tabs -->$|^(?<audience>\w+)(?:, `(?<named>[^`\n]+)`)?:$/gm;

/**
 * Reads the source of a page.
 *
 * @throws Error when the line above a file in tabs names another one, or none: who reads the source sees no title
 */
export function markdownBlocks(markdown: string): PageBlock[] {
  const blocks: PageBlock[] = [];
  let isInTabs = false;
  let above: { readonly audience: string; readonly named: string | null } | null = null;
  for (const { groups = {} } of markdown.matchAll(MARKDOWN)) {
    const { language, file = null, text = "", audience, named = null } = groups;
    if (audience !== undefined) above = isInTabs ? { audience, named } : null;
    else if (language === undefined) isInTabs = groups["end"] === undefined;
    else {
      if (isInTabs && (above?.named ?? null) !== file && file !== null)
        throw new Error(`The line above "${file}" should name it`);
      blocks.push({ language, audience: isInTabs ? (above?.audience ?? null) : null, file, text });
    }
  }
  return blocks;
}

/** The texts of the files on a page, by name. */
export function markdownFiles(markdown: string): ReadonlyMap<string, string> {
  return new Map(markdownBlocks(markdown).flatMap(({ file, text }) => (file === null ? [] : [[file, text] as const])));
}
