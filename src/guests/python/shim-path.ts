// Where the Python side of a lane is: next to this file, in the sources and in the built package.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { pythonStartError } from "./errors.ts";

/**
 * The path of the program that Python runs.
 *
 * @throws PythonStartError if the package is incomplete
 */
export function shimPath(): string {
  const path = fileURLToPath(new URL("./shim/__main__.py", import.meta.url));
  if (existsSync(path)) return path;
  throw pythonStartError(`The file ${path} is missing from the installed package`);
}
