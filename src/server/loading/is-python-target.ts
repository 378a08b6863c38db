// Decides which language a target is written in.
import { join, resolve } from "node:path";
import { isFile } from "../../is-file.ts";
import { isSchemeTarget } from "./target-schemes.ts";

const SCRIPT_ENDING = /\.[mc]?[jt]sx?$/;
const SCRIPT_ENDINGS = [".ts", ".mts", ".cts", ".tsx", ".js", ".mjs", ".cjs", ".jsx"];

/**
 * Whether a target names a Python file or module: by its ending, because somebody has named an interpreter, or because it is no
 * TypeScript or JavaScript and exists as Python. A file that is neither `.ts` nor `.js` is Python's, with any ending or none.
 *
 * @param python - the setting
 * @param directory - where relative names are looked for
 */
export function isPythonTarget(target: string, python: string | null, directory: string = process.cwd()): boolean {
  if (isSchemeTarget(target)) return false;
  const name = placeOf(target);
  if (SCRIPT_ENDING.test(name) || name === "") return false;
  if (python !== null || /\.pyw?$/.test(name)) return true;
  const isPath = name.includes("/");
  const base = isPath ? resolve(directory, name) : join(resolve(directory), ...name.split("."));
  if (SCRIPT_ENDINGS.some((ending) => isFile(base + ending) || (isPath && isFile(join(base, `index${ending}`)))))
    return false;
  if (isFile(resolve(directory, name))) return true;
  // A name in mod_wsgi's manner is nothing else, so what is missing is missed as Python's.
  if (isPath) return name.endsWith(".wsgi");
  return isFile(`${base}.py`) || isFile(join(base, "__init__.py"));
}

/** The file or module of a target, without its attribute. */
function placeOf(target: string): string {
  return target.split(":", 1)[0] ?? "";
}
