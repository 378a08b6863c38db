// Reads a file that the import was given or that such a file names.
import { readFileSync } from "node:fs";
import { messageOf } from "../../server/errors.ts";
import { FileUnusableError } from "../errors.ts";

/**
 * The text of a file.
 *
 * @throws FileUnusableError when it cannot be read
 */
export function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new FileUnusableError(`Cannot read the file "${path}": ${messageOf(error)}`, { cause: error });
  }
}
