// What generators do with the text that they have made.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const ROOT = new URL("../", import.meta.url);

/**
 * Writes a file; with --check on the command line only says on standard error when it is stale, and lets the process end with 1.
 *
 * @param path - from the project's folder on
 * @param text - all that it should hold
 */
export function writeGenerated(path: string, text: string): void {
  const file = new URL(path, ROOT);
  if (textOf(file) === text) return;
  if (process.argv.includes("--check")) {
    console.error(`${path} is stale`);
    process.exitCode = 1;
    return;
  }
  mkdirSync(new URL(".", file), { recursive: true });
  writeFileSync(file, text);
}

/** Null for a file that is not there. */
function textOf(file: URL): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
