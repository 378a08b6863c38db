// Which file of a directory answers a path: the first one on the way is the program, and what follows is PATH_INFO. Source: RFC 3875
// section 3.3; what Apache's ScriptAlias does.
//
// The path is walked name by name and nothing is guessed: no name that begins with a dot, no empty name before the program, and what a
// symbolic link leads to must lie in the directory too (CVE-2021-41773 and 42013 of Apache came from a path that was resolved after it was
// checked).
import { lstatSync, realpathSync, type Stats } from "node:fs";
import { join, sep } from "node:path";
import { isExecutable } from "../../is-file.ts";
import { decodeNative, encodeNative } from "../../wsgi/native-string.ts";

/** Which files are programs. */
export interface ScriptRules {
  /** The directory, absolute and without symbolic links. */
  readonly root: string;
  /** Whether a symbolic link may lead out of it. */
  readonly followSymlinks: boolean;
  /** Endings of programs, with their dots; null for any. */
  readonly extensions: readonly string[] | null;
  /** Programs that run the files with an ending, by the ending. */
  readonly interpreters: Readonly<Record<string, string>>;
  /** Files that answer for a directory; the first that exists. */
  readonly index: readonly string[];
}

/** What was found. */
export type FoundScript =
  | {
      readonly kind: "script";
      /** Absolute path. */
      readonly file: string;
      /** Null when the file itself is run. */
      readonly interpreter: string | null;
      /** The part of the path that leads to it, and the rest; native strings. */
      readonly scriptName: string;
      readonly pathInfo: string;
    }
  | { readonly kind: "missing" }
  /** The file is there, but may not be run. */
  | { readonly kind: "not-executable"; readonly file: string };

const MISSING: FoundScript = { kind: "missing" };

/**
 * Finds the program for a path.
 *
 * @param pathInfo - decoded, a native string; empty or starting with a slash
 */
export function findScript(pathInfo: string, rules: ScriptRules): FoundScript {
  const names = pathInfo.split("/").slice(1);
  let file = rules.root;
  for (const [index, native] of names.entries()) {
    const name = decoded(native);
    if (name === "") return index === names.length - 1 ? findIndex(file, pathInfo, rules) : MISSING;
    if (name === null || name.startsWith(".") || /[\0/\\]/.test(name)) return MISSING;
    file = join(file, name);
    const stats = statsOf(file, rules);
    if (stats === null) return MISSING;
    if (stats.isDirectory()) continue;
    if (!stats.isFile()) return MISSING;
    const scriptName = `/${names.slice(0, index + 1).join("/")}`;
    return scriptOf(file, scriptName, pathInfo.slice(scriptName.length), rules);
  }
  // A directory without its slash: relative links of its page would lead astray.
  return names.length === 0 ? findIndex(file, "/", rules) : MISSING;
}

function findIndex(directory: string, path: string, rules: ScriptRules): FoundScript {
  for (const name of rules.index) {
    const file = join(directory, name);
    if (statsOf(file, rules)?.isFile() === true) return scriptOf(file, path + encodeNative(name), "", rules);
  }
  return MISSING;
}

function scriptOf(file: string, scriptName: string, pathInfo: string, rules: ScriptRules): FoundScript {
  const extension = /\.[^./]+$/.exec(file)?.[0] ?? "";
  if (rules.extensions !== null && !rules.extensions.includes(extension)) return MISSING;
  const interpreter = Object.hasOwn(rules.interpreters, extension) ? (rules.interpreters[extension] ?? null) : null;
  if (interpreter === null && !isExecutable(file)) return { kind: "not-executable", file };
  return { kind: "script", file, interpreter, scriptName, pathInfo };
}

/** Of what a path leads to; null when there is nothing, or it is outside of the directory. */
function statsOf(path: string, { root, followSymlinks }: ScriptRules): Stats | null {
  try {
    const stats = lstatSync(path);
    if (!stats.isSymbolicLink()) return stats;
    const real = realpathSync(path);
    return followSymlinks || real.startsWith(root + sep) ? lstatSync(real) : null;
  } catch {
    return null;
  }
}

/** File names are text to Node; bytes that are none have no file here. */
function decoded(native: string): string | null {
  const text = decodeNative(native);
  return encodeNative(text) === native ? text : null;
}
