// Finds the file that a mistyped path probably meant.
import { readdirSync } from "node:fs";
import { basename, dirname } from "node:path";
import { didYouMean } from "./nearest-name.ts";

/** `; did you mean "app.ts"` when a file beside the missing one has a similar name, otherwise nothing; to be put after an error. */
export function didYouMeanFile(path: string): string {
  try {
    return didYouMean(basename(path), readdirSync(dirname(path)));
  } catch {
    return ""; // There is no such directory either, or nobody may look into it.
  }
}
