// Reads nginx's configuration into a tree. Source: nginx's ngx_conf_file.c: words, quotes, escapes, `;` and braces.
import { FileUnusableError } from "../errors.ts";
import type { SiteDirective } from "./site-directive.ts";

/** A word, quoted or bare; a mark; a comment. `${` belongs to a word. */
const TOKEN =
  /\s+|#[^\n]*|[;{}]|"(?:[^"\\]|\\[^])*"|'(?:[^'\\]|\\[^])*'|(?:\$\{|\\[^]|[^\s;{}"'\\])(?:\$\{[^}]*\}|\\[^]|[^\s;{}\\])*/y;

/**
 * Reads a file.
 *
 * @param path - for messages
 * @throws FileUnusableError when it is not nginx's
 */
export function readNginx(text: string, path: string): SiteDirective[] {
  const top: SiteDirective[] = [];
  const stack: SiteDirective[][] = [top];
  let words: string[] = [];
  let at = 0;
  while (at < text.length) {
    TOKEN.lastIndex = at;
    const [token] = TOKEN.exec(text) ?? [];
    if (token === undefined) throw unreadable(text, at, path);
    if (token === ";" || token === "{") {
      const [name, ...rest] = words;
      if (name === undefined) throw unreadable(text, at, path);
      const block: SiteDirective[] | null = token === "{" ? [] : null;
      stack.at(-1)?.push({ name, words: rest, block });
      if (block !== null) stack.push(block);
      words = [];
    } else if (token === "}") {
      if (words.length > 0 || stack.length === 1) throw unreadable(text, at, path);
      stack.pop();
    } else if (!/^[\s#]/.test(token)) words.push(unquoted(token));
    at += token.length;
  }
  if (words.length > 0 || stack.length > 1) throw unreadable(text, text.length, path);
  return top;
}

function unquoted(token: string): string {
  return /^["']/.test(token) ? token.slice(1, -1).replaceAll(/\\(["'\\])/g, "$1") : token;
}

function unreadable(text: string, at: number, path: string): FileUnusableError {
  const line = text.slice(0, at).split("\n").length;
  return new FileUnusableError(`Cannot read "${path}": line ${line} is not as nginx writes it`);
}
