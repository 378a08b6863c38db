// The blocks of code on a page of the site, which are those of its Markdown.
import type { PageBlock } from "../markdown-blocks.ts";

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
