// Parts a text into words as a POSIX shell does: blanks part, quotes and backslashes keep together; nothing is expanded.
import { SettingError } from "../errors.ts";

/**
 * Parts a text into words.
 *
 * @param source - what the text is, for the error
 * @throws SettingError when a quote is not closed
 */
export function splitWords(text: string, source: string): string[] {
  const words: string[] = [];
  const piece = /\s+|'([^']*)'|"((?:[^"\\]|\\[^])*)"|\\([^])|([^\s'"\\]+)|(['"\\])/g;
  let word: string | undefined;
  for (const [all, single, double, escaped, plain, lonely] of text.matchAll(piece)) {
    if (lonely !== undefined) {
      const what = lonely === "\\" ? "a backslash at the end" : `a quote ${lonely} that is not closed`;
      throw new SettingError(`Cannot read ${source}: it has ${what}`);
    }
    // Within double quotes a backslash counts before these characters only.
    const part = single ?? double?.replaceAll(/\\([$`"\\\n])/g, "$1") ?? escaped ?? plain;
    if (part !== undefined) word = (word ?? "") + part;
    else if (word !== undefined) {
      words.push(word);
      word = undefined;
    }
    if (part === undefined && all === "") break;
  }
  return word === undefined ? words : [...words, word];
}
