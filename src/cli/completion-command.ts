// `tsgi completion SHELL`: a script that completes commands, options and their values.
import { Argument, type Command } from "../commander.ts";
import { chosenFrom } from "./command-form.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;
type Shell = (typeof SHELLS)[number];

const USE = `
In ~/.bashrc:                     eval "$(tsgi completion bash)"
In ~/.zshrc, after compinit:      eval "$(tsgi completion zsh)"
In ~/.config/fish/config.fish:    tsgi completion fish | source`;

/**
 * Adds `completion` to the program.
 *
 * @param program - of commander; what it has when the script is made is completed
 */
export function registerCompletionCommand(program: Command): void {
  program
    .command("completion")
    .description("Prints a script for a shell that completes commands and options.")
    .addArgument(chosenFrom(new Argument("<shell>", "whose script"), "shell", SHELLS))
    .addHelpText("after", USE)
    .action(async (shell: Shell) => {
      process.stdout.write(await completionScript(program, shell));
    });
}

/** Makes the script for a shell. */
export async function completionScript(program: Command, shell: Shell): Promise<string> {
  const [{ completedCommands }, { shellTables }] = await Promise.all([
    import("./completion/completed-command.ts"),
    import("./completion/shell-tables.ts"),
  ]);
  const tables = shellTables(completedCommands(program));
  switch (shell) {
    case "bash":
      return (await import("./completion/bash.ts")).bashCompletion(tables);
    case "zsh":
      return (await import("./completion/zsh.ts")).zshCompletion(tables);
    case "fish":
      return (await import("./completion/fish.ts")).fishCompletion(tables);
    default:
      return shell satisfies never;
  }
}
