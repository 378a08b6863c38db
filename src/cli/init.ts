// `tsgi init PLATFORM`: writes the files that a platform wants, for the project in the current directory.
import { Argument, type Command } from "../commander.ts";
import { chosenFrom } from "./command-form.ts";
import { PLATFORM_NAMES, type PlatformName } from "./init/platform-names.ts";
import type { InitOptions } from "./init/write-files.ts";

/**
 * Adds `init` to the program.
 *
 * @param program - of commander
 */
export function registerInitCommand(program: Command): void {
  program
    .command("init")
    .description("Writes the files that a platform needs to run this project.")
    .addArgument(chosenFrom(new Argument("<platform>", "where it is to run"), "platform", Object.keys(PLATFORM_NAMES)))
    .option("--target <target>", "what to serve (default: from tsgi.config, or a usual file)")
    .option("--name <name>", "name of the service (default: from package.json, or the directory)")
    .option("--port <number>", "port behind the front end (default: from tsgi.config, or 8000)")
    .option("--socket <path>", "unix socket instead of the port, for nginx and systemd")
    .option("--user <user>", "user of the service, for systemd (default: its name)")
    .option("--stdout", "print instead of writing")
    .option("--force", "overwrite files that exist")
    .addHelpText("after", `\nPlatforms:\n${platformsHelp()}`)
    .action(async (platform: PlatformName, options: InitOptions) => {
      const { writeFiles } = await import("./init/write-files.ts");
      process.stdout.write(await writeFiles(platform, options, process.cwd()));
    });
}

function platformsHelp(): string {
  const rows = Object.entries(PLATFORM_NAMES).map(([name, about]) => `  ${name.padEnd(11)} ${about}`);
  return rows.join("\n");
}
