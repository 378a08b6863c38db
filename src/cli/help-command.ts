// `tsgi help [all|COMMAND]`: the same as --help of what is named.
import { Argument, type Command } from "../commander.ts";
import { didYouMean } from "../nearest-name.ts";
import { UsageError } from "./errors.ts";

/**
 * Adds `help` to the program.
 *
 * @param program - of commander, with all other commands
 * @param printAll - prints what `--help all` prints
 */
export function registerHelpCommand(program: Command, printAll: () => void): void {
  const topic = new Argument("[topic...]", '"all", or a command');
  // For completion; the action names what is near, also further down.
  topic.argChoices = ["all", ...program.commands.map((each) => each.name())];
  program
    .command("help")
    .description("Prints this help, that of a command, or all options.")
    .addArgument(topic)
    .action((names: readonly string[]) => {
      if (names.length === 1 && names[0] === "all") printAll();
      else commandAt(program, names).outputHelp();
    });
}

/** @throws UsageError when there is no such command */
function commandAt(program: Command, names: readonly string[]): Command {
  let command = program;
  for (const name of names) {
    const next = command.commands.find((each) => each.name() === name);
    if (next === undefined) {
      const known = command.commands.map((each) => each.name());
      throw new UsageError(`There is no command "${name}"${didYouMean(name, known)}`);
    }
    command = next;
  }
  return command;
}
