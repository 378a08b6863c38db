// Whether a path leads to a file. Node's own `throwIfNoEntry: false` still throws where a part of the path is a file (ENOTDIR), may not
// be entered, or is too long.
import { statSync } from "node:fs";

/** Whether there is a regular file; what cannot be looked at is none. */
export function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
