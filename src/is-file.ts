// Whether a path leads to a file, a directory, or a program. Node's own `throwIfNoEntry: false` still throws where a part of the path is a file
// (ENOTDIR), may not be entered, or is too long.
import { accessSync, constants, type Stats, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Whether there is a regular file; what cannot be looked at is none. */
export function isFile(path: string): boolean {
  return statsOf(path)?.isFile() === true;
}

/** Whether there is a directory; what cannot be looked at is none. */
export function isDirectory(path: string): boolean {
  return statsOf(path)?.isDirectory() === true;
}

/** Whether there is a regular file that this process may run. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return isFile(path);
  } catch {
    return false;
  }
}

/**
 * Finds a command as a shell does.
 *
 * @param command - its name, without a slash
 * @param path - the variable PATH
 * @returns where it lies; null when it is nowhere
 */
export function findInPath(command: string, path: string | undefined): string | null {
  const directories = (path ?? "").split(delimiter).filter((directory) => directory !== "");
  return directories.map((directory) => join(directory, command)).find(isExecutable) ?? null;
}

function statsOf(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}
