// The Markdown of the project is for readers of a repository too, so it says in comments and titles what VitePress has its own syntax for:
// what stands between `<!-- tabs -->` and `<!-- end of tabs -->` becomes one group of tabs, and a block with a title a group of one.

const BLOCK = /^```(\w+)(?: title="([^"]+)")?\n([^]*?)^```$/gm;
const TABS = /^<!-- tabs -->\n([^]*?)^<!-- end of tabs -->$/gm;
/** The line above a block in tabs: for whom it is, and of which file. */
const LABEL = /^(\w+)(?:, `[^`\n]+`)?:$/gm;

/**
 * Rewrites tabs and titles for VitePress.
 *
 * @param {string} markdown
 * @returns {string}
 */
export function codeGroups(markdown) {
  const tabs = markdown.replaceAll(TABS, (_, inside) => group(tabsOf(inside)));
  return outsideOfGroups(tabs, (text) =>
    text.replaceAll(BLOCK, (block, language, title, code) =>
      title === undefined ? block : group([{ label: title, language, code }]),
    ),
  );
}

/**
 * @param {string} inside - of a pair of comments
 * @returns {{ label: string, language: string, code: string }[]}
 */
function tabsOf(inside) {
  return [...inside.matchAll(BLOCK)].map(([, language = "", title, code = ""], index, blocks) => {
    const before = inside.slice(0, blocks[index]?.index);
    const audience = [...before.matchAll(LABEL)].at(-1)?.[1] ?? language;
    return { label: title === undefined ? audience : `${audience}: ${title}`, language, code };
  });
}

/** @param {{ label: string, language: string, code: string }[]} tabs */
function group(tabs) {
  const blocks = tabs.map(({ label, language, code }) => `\`\`\`${language} [${label}]\n${code}\`\`\`\n`);
  return `::: code-group\n\n${blocks.join("\n")}\n:::`;
}

/**
 * @param {string} markdown
 * @param {(text: string) => string} change
 */
function outsideOfGroups(markdown, change) {
  return markdown
    .split(/^(::: code-group\n[^]*?^:::$)/gm)
    .map((part, index) => (index % 2 === 0 ? change(part) : part))
    .join("");
}
