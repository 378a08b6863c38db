// Where the Python files next to this one are: in the sources, and in the built package, which includes them.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { pythonStartError } from "../errors.ts";

/**
 * The path of a Python file of this folder.
 *
 * @throws PythonStartError if the package is incomplete
 */
export function helperPath(name: "find_factories.py" | "tsgi_factories.py"): string {
  for (const place of [`./${name}`, `../../../../src/guests/python/deploy/${name}`]) {
    const path = fileURLToPath(new URL(place, import.meta.url));
    if (existsSync(path)) return path;
  }
  throw pythonStartError(`The file ${name} is missing from the installed package`);
}
