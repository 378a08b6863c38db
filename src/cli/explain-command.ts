// `tsgi explain CODE`: what an error means, and what to do. What does the work is imported only then.
import type { Command } from "../commander.ts";

/**
 * Adds `explain` to the program.
 *
 * @param program - of commander
 */
export function registerExplainCommand(program: Command): void {
  program
    .command("explain")
    .description("Explains an error by its code, or an exit code.")
    .argument("<code>", "such as ERR_TSGI_TARGET_NOT_FOUND, or 5")
    .action(async (code: string) => {
      const { explain } = await import("./explain/explain.ts");
      process.stdout.write(explain(code));
    });
}
