// `tsgi import FILE`: the configuration of gunicorn, uWSGI, Puma, Unicorn, nginx or Apache as one of this server, and a list of what it cannot say.
import { type Command, Option } from "../commander.ts";
import { chosenFrom } from "./command-form.ts";
import type { ImportOptions } from "./import/import-file.ts";

/**
 * Adds `import` to the program.
 *
 * @param program - of commander
 */
export function registerImportCommand(program: Command): void {
  program
    .command("import")
    .description("Translates the configuration of another server, such as gunicorn.")
    .argument("<file>", "gunicorn.conf.py, uwsgi.ini, puma.rb, unicorn.rb, Procfile, nginx.conf or Apache's")
    .addOption(
      chosenFrom(new Option("--from <kind>", "kind of the file (default: by its name)"), "kind of file", [
        "gunicorn",
        "uwsgi",
        "puma",
        "unicorn",
        "procfile",
        "nginx",
        "apache",
      ]),
    )
    .option(
      "-o, --output <file>",
      "write to tsgi.config.json or tsgi.config.ts, or app.ini for a web server's (default: standard output)",
    )
    .option("--force", "overwrite the file of --output")
    .addHelpText(
      "after",
      "\nA gunicorn.conf.py is run by python3, a puma.rb by ruby:\nimport only files that you trust.",
    )
    .action(async (file: string, options: ImportOptions) => {
      const { importFile } = await import("./import/import-file.ts");
      const { config, remarks } = importFile(file, options, process.cwd(), process.env);
      if (options.output === undefined) process.stdout.write(config);
      else process.stderr.write(`Wrote ${options.output}\n`);
      process.stderr.write(remarks);
    });
}
