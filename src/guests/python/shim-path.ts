// Where shim.py lies: beside this file, in the sources and in the built package alike; the sources ship too, as a second place.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { PythonStartError } from "./errors.ts";

const PLACES = ["./shim.py", "../../../src/guests/python/shim.py"];

/**
 * The path of the Python side of a lane.
 *
 * @throws PythonStartError when the package is incomplete
 */
export function shimPath(): string {
  for (const place of PLACES) {
    const path = fileURLToPath(new URL(place, import.meta.url));
    if (existsSync(path)) return path;
  }
  throw new PythonStartError("The file shim.py is missing from the installed package");
}
