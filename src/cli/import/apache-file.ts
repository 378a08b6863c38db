// Reads Apache's configuration into a tree. Source: Apache's "Configuration Files": one directive a line, `\` at the end goes on, sections in
// angle brackets, `Define` and `${NAME}`.
import { FileUnusableError } from "../errors.ts";
import type { SiteDirective } from "./site-directive.ts";
import { WorkBudget } from "./work-budget.ts";

const WORD = /"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g;

/** A section that has not ended yet. */
interface Section {
  readonly name: string;
  readonly block: SiteDirective[];
  /** Whether it stands where a condition does not hold. */
  readonly isLeftOut: boolean;
}

/** What an `<IfVersion>` is asked about: the newest, whose rules `Require` and so on follow. */
const VERSION = [2, 4, 66];

/**
 * Reads a file. What stands in `<IfModule>` is taken as if the module were there, in `<IfDefine>` as if the name were given, and in
 * `<IfVersion>` as Apache 2.4 takes it. A `!` in front turns it round, for a name as far as the file itself defines it.
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
  const stack: Section[] = [{ name: "", block: top, isLeftOut: false }];
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
      const holds = conditionHolds(opened.toLowerCase(), rest.trim(), defined);
      const block: SiteDirective[] = holds === true ? (inside?.block ?? top) : [];
      if (holds === null) inside?.block.push({ name: opened, words: wordsIn(rest), block });
      stack.push({ name: opened.toLowerCase(), block, isLeftOut: inside?.isLeftOut === true || holds === false });
    } else if (inside?.isLeftOut !== true) {
      const [name = "", ...words] = wordsIn(line);
      if (name.toLowerCase() === "define") defined.set(words[0] ?? "", words[1] ?? "");
      else inside?.block.push({ name, words, block: null });
    }
  }
  if (stack.length > 1) throw new FileUnusableError(`Cannot read "${path}": <${stack.at(-1)?.name}> does not end`);
  return top;
}

/** Whether a section's condition holds; null for a section that is no condition. */
function conditionHolds(section: string, condition: string, defined: ReadonlyMap<string, string>): boolean | null {
  const isTurned = condition.startsWith("!");
  if (section === "ifmodule") return !isTurned;
  if (section === "ifdefine") return !isTurned || !defined.has(condition.slice(1).trim());
  if (section !== "ifversion") return null;
  const [, turned = "", operator = "=", digits = ""] = /^(!?)\s*([<>]=?|==?|~)?\s*(\d[\d.]*)/.exec(condition) ?? [];
  const order = compareVersion(digits.split(".").map(Number));
  const holds = { "<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0 }[operator] ?? order === 0;
  return holds !== (turned === "!");
}

/** How Apache's version stands to another, as far as that is written out; what is no version counts as the same. */
function compareVersion(other: readonly number[]): number {
  return other.map((part, index) => (VERSION[index] ?? 0) - part).find((difference) => difference !== 0) ?? 0;
}

function wordsIn(line: string): string[] {
  return Array.from(
    line.matchAll(WORD),
    ([, double, single, bare]) => double?.replaceAll(/\\(.)/g, "$1") ?? single ?? bare ?? "",
  );
}
