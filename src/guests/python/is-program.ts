// Whether a target of Python is run as a program. The shim decides by the same rule: `is_program` in shim/targets.py.
import { resolve } from "node:path";
import { isFile } from "../../is-file.ts";

/**
 * Whether a target of Python is run as a program, which may start a server itself: a file without an attribute. A `.wsgi` file is
 * imported, as mod_wsgi does.
 *
 * @param directory - where relative names are looked for
 */
export function isPythonProgram(target: string, directory: string = process.cwd()): boolean {
  if (target.includes(":") || target.endsWith(".wsgi")) return false;
  return /\.pyw?$/.test(target) || target.includes("/") || isFile(resolve(directory, target));
}
