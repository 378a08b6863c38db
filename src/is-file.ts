// Whether a path leads to a file or a directory. Node's own `throwIfNoEntry: false` still throws where a part of the path is a file
// (ENOTDIR), may not be entered, or is too long.
import { type Stats, statSync } from "node:fs";

/** Whether there is a regular file; what cannot be looked at is none. */
export function isFile(path: string): boolean {
  return statsOf(path)?.isFile() === true;
}

/** Whether there is a directory; what cannot be looked at is none. */
export function isDirectory(path: string): boolean {
  return statsOf(path)?.isDirectory() === true;
}

function statsOf(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}
