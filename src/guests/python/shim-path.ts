// Where shim.py and the files beside it lie: beside this file, in the sources and in the built package alike; the sources ship too, as a second place.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { pythonStartError } from "./errors.ts";

const PLACES = ["./", "../../../src/guests/python/"];

/**
 * The path of the Python side of a lane.
 *
 * @throws PythonStartError when the package is incomplete
 */
export function shimPath(): string {
  return siblingPath("shim.py");
}

/**
 * The path of a file of Python that belongs to this folder.
 *
 * @throws PythonStartError when the package is incomplete
 */
export function siblingPath(name: string): string {
  for (const place of PLACES) {
    const path = fileURLToPath(new URL(place + name, import.meta.url));
    if (existsSync(path)) return path;
  }
  throw pythonStartError(`The file ${name} is missing from the installed package`);
}
