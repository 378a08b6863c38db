// Decides which language a target is written in.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

/**
 * Whether a target names a Python file or module: by its ending, because somebody has named an interpreter for what has no ending, or
 * because no TypeScript or JavaScript file of the name exists.
 *
 * @param python - the setting
 * @param directory - where relative names are looked for
 */
export function isPythonTarget(target: string, python: string | null, directory: string = process.cwd()): boolean {
  const [name = ""] = target.split(":", 1);
  if (/\.pyw?$/.test(name)) return true;
  if (/\.[mc]?[jt]sx?$/.test(name) || !/^[\w.]+$/.test(name)) return false;
  if (python !== null) return true;
  const base = join(resolve(directory), ...name.split("."));
  if ([".ts", ".mts", ".cts", ".tsx", ".js", ".mjs", ".cjs", ".jsx"].some((ending) => existsSync(base + ending)))
    return false;
  return existsSync(`${base}.py`) || existsSync(join(base, "__init__.py"));
}
