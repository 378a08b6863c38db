// Writes what a command was asked to make. A link in its place is never followed: it may lead anywhere, also where nothing is yet.
import { existsSync, lstatSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { replaceFile } from "../server/sockets/guarded-path.ts";
import { FileUnusableError } from "./errors.ts";

/** Whether something has the name already, a link that leads nowhere included. */
export function isTaken(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false; // below a file, for example: writing it reports why
  }
}

/**
 * Writes a file.
 *
 * @param isReplacing - what has the name gives way; otherwise it is an error
 * @throws FileUnusableError when it cannot be written
 */
export function writeOutput(path: string, text: string, isReplacing: boolean): void {
  if (!existsSync(dirname(path))) throw new FileUnusableError(`Cannot write the file "${path}": no such directory`);
  try {
    if (isReplacing) replaceFile(path, text);
    else writeFileSync(path, text, { flag: "wx" });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FileUnusableError(`Cannot write the file "${path}": ${reason}`, { cause: error });
  }
}
