// `tsgi lane-check`: its arguments and options. What does the work is imported only then.
import type { Command } from "../commander.ts";
import type { LaneCheckOptions } from "./lane-check/check-guest.ts";

/**
 * Adds `lane-check` to the program.
 *
 * @param program - of commander
 */
export function registerLaneCheckCommand(program: Command): void {
  program
    .command("lane-check")
    .description("Checks that a guest of another language speaks the lane protocol.")
    .argument("<command...>", "the guest; put -- in front of a command with options")
    .option("--name <word>", "name of the language", "Guest")
    .option("--language <json>", 'the member "language" of the launch options, as JSON', "{}")
    .option("--threads <number>", "lanes of the process", "4")
    .option("--only <text>", "only the cases whose title contains this")
    .action(async (command: readonly string[], options: LaneCheckOptions) => {
      const { checkGuest } = await import("./lane-check/check-guest.ts");
      process.exit(await checkGuest(command, options));
    });
}
