// `tsgi fetch`: its arguments and options. What does the work is imported only then.
import type { Command } from "../commander.ts";
import { EXIT_CODES } from "./exit-codes.ts";
import type { FetchOptions } from "./fetch.ts";

/**
 * Adds `fetch` to the program.
 *
 * @param program - of commander
 */
export function registerFetchCommand(program: Command): void {
  program
    .command("fetch")
    .description("Calls an application once and prints its response.")
    .argument("<target>", "app.ts, app.py, module:attribute or app.ini#name")
    .argument("<path>", "path with query, or an absolute URL")
    .option("-X, --request <method>", "method (default: GET, or POST with data)")
    .option("-H, --header <line>", "request header 'Name: value'; can be repeated", collect)
    .option("-d, --data <data>", "request body; @FILE reads a file, @- or - standard input, both unchanged")
    .option("-i, --include", "print status and headers before the body")
    .option("-o, --output <file>", "write to a file instead of standard output")
    .option("-f, --fail", `exit with ${EXIT_CODES.httpError} if the status is 400 or above, and print no body`)
    .option("--validate", "hold the application to the contract, as the test client does")
    .action(async (target: string, path: string, options: FetchOptions) => {
      const { fetchTarget } = await import("./fetch.ts");
      process.exit(await fetchTarget(target, path, options));
    });
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
