// A program with nothing but the config commands, for config-command.test.ts.
import { Command } from "commander";
import { registerConfigCommand } from "../../src/cli/config.ts";

const program = new Command("tsgi");
registerConfigCommand(program);
program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`tsgi: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 3;
});
