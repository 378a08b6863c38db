// Reads Apache's configuration into a tree. Source: Apache's "Configuration Files": one directive a line, `\` at the end goes on, sections in
// angle brackets, `Define` and `${NAME}`.
import { FileUnusableError } from "../errors.ts";
import type { SiteDirective } from "./site-directive.ts";
import { WorkBudget } from "./work-budget.ts";

const WORD = /"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g;

/**
 * Reads a file. What stands in `<IfModule>` and `<IfDefine>` is taken as if the module were there.
 *
 * @param path - for messages
 * @throws FileUnusableError when it is not Apache's
 */
export function readApache(text: string, path: string): SiteDirective[] {
  const defined = new Map<string, string>();
  const budget = new WorkBudget(path);
  const valueOf = (all: string, name: string): string => {
    const value = defined.get(name) ?? all;
    budget.spend(value.length + 1);
    return value;
  };
  const top: SiteDirective[] = [];
  const stack: { readonly name: string; readonly block: SiteDirective[] }[] = [{ name: "", block: top }];
  for (const raw of text.replaceAll(/\\\r?\n/g, " ").split(/\r?\n/)) {
    const line = raw.trim().replaceAll(/\$\{(\w{1,255})\}/g, valueOf);
    if (line === "" || line.startsWith("#")) continue;
    const inside = stack.at(-1);
    const [, end] = /^<\/(\w+)>$/.exec(line) ?? [];
    const [, opened, rest = ""] = /^<(\w+)\s*(.*?)>$/.exec(line) ?? [];
    if (end !== undefined) {
      if (inside?.name !== end.toLowerCase())
        throw new FileUnusableError(`Cannot read "${path}": </${end}> ends nothing`);
      stack.pop();
    } else if (opened !== undefined) {
      const isTransparent = /^if(?:module|define|version)$/i.test(opened) && !rest.startsWith("!");
      const block: SiteDirective[] = isTransparent ? (inside?.block ?? top) : [];
      if (!isTransparent) inside?.block.push({ name: opened, words: wordsIn(rest), block });
      stack.push({ name: opened.toLowerCase(), block });
    } else {
      const [name = "", ...words] = wordsIn(line);
      if (name.toLowerCase() === "define") defined.set(words[0] ?? "", words[1] ?? "");
      else inside?.block.push({ name, words, block: null });
    }
  }
  if (stack.length > 1) throw new FileUnusableError(`Cannot read "${path}": <${stack.at(-1)?.name}> does not end`);
  return top;
}

function wordsIn(line: string): string[] {
  return Array.from(
    line.matchAll(WORD),
    ([, double, single, bare]) => double?.replaceAll(/\\(.)/g, "$1") ?? single ?? bare ?? "",
  );
}
