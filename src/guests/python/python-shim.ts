// Where the Python side of a lane is: next to this file, in the sources and in the built package.
import { shimPath } from "../lane/shim-path.ts";
import { PYTHON } from "./errors.ts";

const SHIM = new URL("./shim/__main__.py", import.meta.url);

/**
 * The path of the program that Python runs.
 *
 * @throws PythonStartError if the package is incomplete
 */
export function pythonShim(): string {
  return shimPath(PYTHON, SHIM);
}
