// The blocks of code on a page of the documentation, from its Markdown or from the HTML that the site makes of it.

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

const HTML =
  /<label data-title="(?<title>[^"]*)"|<div class="language-(?<language>\w+)[^"]*">.*?<code>(?<code>[^]*?)<\/code>/g;
const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  "#39": "'",
  "#x27": "'",
  "#x3C": "<",
  "#x26": "&",
};

/** Reads a page of the site. */
export function htmlBlocks(html: string): PageBlock[] {
  const blocks: PageBlock[] = [];
  // All titles of a group of tabs come before its blocks.
  const titles: string[] = [];
  for (const { groups = {} } of html.matchAll(HTML)) {
    const { title, language = "", code = "" } = groups;
    if (title !== undefined) titles.push(decode(title));
    else blocks.push({ language, ...ownerOf(titles.shift()), text: `${decode(code.replaceAll(/<[^>]*>/g, ""))}\n` });
  }
  return blocks;
}

/** `Python`, `Python: board.py` or `site.ini`. */
function ownerOf(title: string | undefined): Pick<PageBlock, "audience" | "file"> {
  if (title === undefined) return { audience: null, file: null };
  const [, audience = null, file = null] = /^(\w+)(?:: (.+))?$/.exec(title) ?? [null, null, title];
  return { audience, file };
}

function decode(text: string): string {
  return text.replaceAll(/&(#?\w+);/g, (entity, name: string) => ENTITIES[name] ?? entity);
}
