// Writes the files of a platform, for the project in a directory.
import { join } from "node:path";
import { UsageError } from "../errors.ts";
import { isTaken, writeOutput } from "../write-output.ts";
import type { GeneratedFile } from "./generated-file.ts";
import { type Platform, PLATFORMS } from "./platforms.ts";
import type { PlatformName } from "./platform-names.ts";
import { detectProject, type ProjectOptions } from "./project.ts";

/** Options of `tsgi init`. */
export interface InitOptions extends ProjectOptions {
  /** Overwrite files that exist. */
  readonly force?: boolean;
  /** Print instead of writing. */
  readonly stdout?: boolean;
}

/**
 * Writes the files of a platform.
 *
 * @param directory - the project, absolute
 * @returns what to print
 * @throws UsageError when a file exists, or nothing says what to serve; FileUnusableError when a file cannot be written
 */
export async function writeFiles(name: PlatformName, options: InitOptions, directory: string): Promise<string> {
  const platform: Platform = PLATFORMS[name];
  const project = await detectProject(directory, options);
  const files = platform.files(project);
  if (options.stdout === true) return printed(files);
  const existing = files.map(({ path }) => path).filter((path) => isTaken(join(directory, path)));
  if (existing.length > 0 && options.force !== true) {
    throw new UsageError(
      `Cannot write ${existing.join(" and ")}: already there; give --force to overwrite, or --stdout to look`,
    );
  }
  for (const { path, text } of files) writeOutput(join(directory, path), text, options.force === true);
  return `${files.map(({ path }) => `Wrote ${path}\n`).join("")}Next: ${platform.next(project)}\n`;
}

/** One file as it is; several with their names between them. */
function printed(files: readonly GeneratedFile[]): string {
  const [only, ...others] = files;
  if (others.length === 0) return only?.text ?? "";
  return files.map(({ path, text }) => `# --- ${path}\n${text}`).join("\n");
}
