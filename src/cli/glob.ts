// File patterns of --reload-extra-file: `*`, `?`, `[abc]`, `**`, as gunicorn takes them.
import { dirname } from "node:path";

/**
 * Whether a path matches a pattern; both absolute, with slashes.
 *
 * @param glob - `*` and `?` stay within a directory, `**` crosses directories
 */
export function matchesGlob(path: string, glob: string): boolean {
  return toPattern(glob).test(path);
}

/** The directory below which everything lies that a pattern can match, or the file itself when the pattern is a plain name. */
export function globBase(glob: string): string {
  const wildcard = glob.search(/[*?[]/);
  return wildcard < 0 ? glob : dirname(glob.slice(0, wildcard) + "x");
}

const patterns = new Map<string, RegExp>();

function toPattern(glob: string): RegExp {
  const known = patterns.get(glob);
  if (known !== undefined) return known;
  const source = glob.replaceAll(/\*\*\/|\*\*|\*|\?|\[!?[^\]]+\]|[^*?[]+|\[/g, translate);
  const pattern = new RegExp(`^${source}$`);
  patterns.set(glob, pattern);
  return pattern;
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
