// Finds the interpreter of a language that has no environments of its own.
import { resolve } from "node:path";
import { findInPath, isExecutable } from "../../is-file.ts";

/**
 * The executable that a name means.
 *
 * @param name - a path, or a command of the PATH
 * @param directory - that relative paths start from
 * @param path - the variable PATH
 * @returns an absolute path; null where there is no such executable
 */
export function findInterpreter(name: string, directory: string, path: string | undefined): string | null {
  if (!name.includes("/")) return findInPath(name, path);
  const place = resolve(directory, name);
  return isExecutable(place) ? place : null;
}
