// `tsgi init PLATFORM`: writes the files that a platform wants, for the project in the current directory.
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Argument, type Command } from "commander";
import { FileUnusableError, UsageError } from "./errors.ts";
import type { GeneratedFile } from "./init/generated-file.ts";
import { type Platform, type PlatformName, PLATFORMS } from "./init/platforms.ts";
import { detectProject, type ProjectOptions } from "./init/project.ts";

/** Options of `tsgi init`. */
interface InitOptions extends ProjectOptions {
  readonly force?: boolean;
  readonly stdout?: boolean;
}

/**
 * Adds `init` to the program.
 *
 * @param program - of commander
 */
export function registerInitCommand(program: Command): void {
  const names = Object.keys(PLATFORMS);
  program
    .command("init")
    .description("Writes what a platform needs to run this project.")
    .addArgument(new Argument("<platform>", "where it is to run").choices(names))
    .option("--target <target>", "what to serve (default: from tsgi.config, or what is there)")
    .option("--name <name>", "name of the service (default: from package.json, or the directory)")
    .option("--port <number>", "port behind the front end (default: from tsgi.config, or 8000)")
    .option("--socket <path>", "unix socket in place of the port, for nginx and systemd")
    .option("--user <user>", "user of the service, for systemd (default: its name)")
    .option("--stdout", "print instead of writing")
    .option("--force", "overwrite files that exist")
    .addHelpText("after", `\nPlatforms:\n${platformsHelp()}`)
    .exitOverride()
    .action(async (platform: PlatformName, options: InitOptions) => {
      process.stdout.write(await init(platform, options, process.cwd()));
    });
}

/**
 * Writes the files of a platform.
 *
 * @param directory - the project, absolute
 * @returns what to print
 * @throws UsageError when a file exists, or nothing says what to serve; FileUnusableError when a file cannot be written
 */
export async function init(name: PlatformName, options: InitOptions, directory: string): Promise<string> {
  const platform: Platform = PLATFORMS[name];
  const project = await detectProject(directory, options);
  const files = platform.files(project);
  if (options.stdout === true) return printed(files);
  const existing = files.map(({ path }) => path).filter((path) => existsSync(join(directory, path)));
  if (existing.length > 0 && options.force !== true) {
    throw new UsageError(
      `Cannot write ${existing.join(" and ")}: it exists; give --force to overwrite, or --stdout to look`,
    );
  }
  for (const { path, text } of files) write(join(directory, path), text);
  return `${files.map(({ path }) => `Wrote ${path}\n`).join("")}Next: ${platform.next(project)}\n`;
}

/** One file as it is; several with their names between them. */
function printed(files: readonly GeneratedFile[]): string {
  const [only, ...others] = files;
  if (others.length === 0) return only?.text ?? "";
  return files.map(({ path, text }) => `# --- ${path}\n${text}`).join("\n");
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FileUnusableError(`Cannot write the file "${path}": ${reason}`, { cause: error });
  }
}

function platformsHelp(): string {
  const rows = Object.entries(PLATFORMS).map(([name, { about }]) => `  ${name.padEnd(11)} ${about}`);
  return rows.join("\n");
}
