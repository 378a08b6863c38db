// `tsgi routes` and `tsgi openapi`: their arguments and options. What does the work is imported only then.
import type { Command } from "../commander.ts";
import type { OpenApiOptions } from "./routes.ts";

const TARGET_HELP = "app.ts or module:attribute: an App of tsgi/framework";

/**
 * Adds `routes` and `openapi` to the program.
 *
 * @param program - of commander
 */
export function registerRoutesCommands(program: Command): void {
  program
    .command("routes")
    .description("Lists the routes of an application of tsgi/framework.")
    .argument("<target>", TARGET_HELP)
    .option("--json", "print JSON")
    .action(async (target: string, options: { readonly json?: true }) => {
      const { printRoutes } = await import("./routes.ts");
      process.exit(await printRoutes(target, options.json === true));
    });
  program
    .command("openapi")
    .description("Prints an application of tsgi/framework as OpenAPI 3.1.")
    .argument("<target>", TARGET_HELP)
    .option("--title <text>", "title of the API (default: the target)")
    .option("--api-version <text>", "version of the API (default: 1.0.0)")
    .action(async (target: string, options: OpenApiOptions) => {
      const { printOpenApi } = await import("./routes.ts");
      process.exit(await printOpenApi(target, options));
    });
}
