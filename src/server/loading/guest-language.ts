// Decides in which language of the lanes a target is written.
import { Buffer } from "node:buffer";
import { closeSync, openSync, readSync } from "node:fs";
import { resolve } from "node:path";
import { isFile } from "../../is-file.ts";
import { isPythonTarget } from "./is-python-target.ts";

/** A language whose applications run in processes of their own. */
export type GuestLanguageName = "python" | "perl" | "ruby";

/** The endings that nothing else has. */
const ENDINGS: readonly (readonly [ending: RegExp, language: GuestLanguageName])[] = [
  [/\.psgi$/, "perl"],
  [/\.ru$/, "ruby"],
];
/** The first line of a script that names Perl. Source: execve(2), "Interpreter scripts". */
const PERL_LINE = /^#!\s*(?:\/\S*\/)?(?:env\s+(?:-S\s*)?)?(?:\S*\/)?perl[\d.]*(?:\s|$)/;
const FIRST_LINE_BYTES = 256;
/** Files that are no Perl, whatever their first line says: they need not be opened. */
const NO_PERL = /\.(?:[mc]?[jt]sx?|pyw?|wsgi)$/;

/**
 * The language of a target: by its ending, by the first line of the file, or because it is Python's.
 *
 * @param target - as the command takes it
 * @param python - the setting: who names an interpreter means Python
 * @param directory - where relative names are looked for
 * @returns null for TypeScript and JavaScript
 */
export function guestLanguageOf(
  target: string,
  python: string | null,
  directory: string = process.cwd(),
): GuestLanguageName | null {
  for (const [ending, language] of ENDINGS) if (ending.test(target)) return language;
  const mayBePerl = python === null && !NO_PERL.test(target);
  if (mayBePerl && PERL_LINE.test(firstLineOf(resolve(directory, target)))) return "perl";
  return isPythonTarget(target, python, directory) ? "python" : null;
}

function firstLineOf(path: string): string {
  if (!isFile(path)) return "";
  let file: number | null = null;
  try {
    file = openSync(path, "r");
    const bytes = Buffer.alloc(FIRST_LINE_BYTES);
    return bytes.toString("latin1", 0, readSync(file, bytes)).split("\n", 1)[0] ?? "";
  } catch {
    // Whoever loads it says why it cannot be read.
    return "";
  } finally {
    if (file !== null) closeSync(file);
  }
}
