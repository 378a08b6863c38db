// `tsgi cgi`: its arguments and options. What does the work is imported only then.
import type { Command } from "../commander.ts";
import type { CGICommandOptions } from "./cgi.ts";

/**
 * Adds `cgi` to the program.
 *
 * @param program - of commander
 */
export function registerCGICommand(program: Command): void {
  program
    .command("cgi")
    .description("Answers one request as a CGI program, which a web server starts.")
    .argument("<target>", "app.ts, app.py, module:attribute or app.ini#name")
    .argument("[arguments...]", "behind --: arguments of a Python program")
    .option("--mount <path>", "where the application is mounted (default: the web server's SCRIPT_NAME)")
    .addHelpText("after", "\nSettings come from tsgi.config.ts in the working directory and variables TSGI_*.")
    .action(async (target: string, words: readonly string[], options: CGICommandOptions) => {
      const { answerTarget } = await import("./cgi.ts");
      await answerTarget(target, words, options);
    });
}
