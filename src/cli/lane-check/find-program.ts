// Where a program lies, as execvp finds it.
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

/**
 * Finds a program.
 *
 * @param name - a path, or a name that is looked for in PATH
 * @returns its absolute path; null when there is none
 */
export function findProgram(name: string): string | null {
  if (name === "") return null;
  const places = name.includes("/")
    ? [resolve(name)]
    : (process.env["PATH"] ?? "").split(delimiter).map((path) => join(path, name));
  return places.find(isProgram) ?? null;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
