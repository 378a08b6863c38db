// File patterns of --reload-extra-file: `*`, `?`, `[abc]`, `**`, as gunicorn takes them.
import { dirname } from "node:path";
import { linearExpression, type Match } from "../middleware/writing/linear-expression.ts";

/**
 * Whether a path matches a pattern; both absolute, with slashes.
 *
 * @param glob - `*` and `?` stay within a directory, `**` crosses directories
 */
export function matchesGlob(path: string, glob: string): boolean {
  return matcherOf(glob)(path) !== null;
}

/** The directory below which everything lies that a pattern can match, or the file itself when the pattern is a plain name. */
export function globBase(glob: string): string {
  const wildcard = glob.search(/[*?[]/);
  return wildcard < 0 ? glob : dirname(glob.slice(0, wildcard) + "x");
}

const matchers = new Map<string, (text: string) => Match>();

function matcherOf(glob: string): (text: string) => Match {
  const known = matchers.get(glob);
  if (known !== undefined) return known;
  const source = glob.replaceAll(/\*\*\/|\*\*|\*|\?|\[!?[^\]]+\]|[^*?[]+|\[/g, translate);
  const matcher = linearExpression(source, false);
  matchers.set(glob, matcher);
  return matcher;
}

function translate(part: string): string {
  if (part === "**/") return "(?:.*/)?";
  if (part === "**") return ".*";
  if (part === "*") return "[^/]*";
  if (part === "?") return "[^/]";
  if (part.startsWith("[") && part.endsWith("]")) {
    const isNegated = part.startsWith("[!");
    return `[${isNegated ? "^" : ""}${part.slice(isNegated ? 2 : 1, -1).replaceAll("\\", "\\\\")}]`;
  }
  return part.replaceAll(/[.+^${}()|[\]\\]/g, "\\$&");
}
