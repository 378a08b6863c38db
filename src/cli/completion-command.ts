// `tsgi completion SHELL`: a script that completes commands, options and their values.
import { Argument, type Command } from "../commander.ts";
import { chosenFrom } from "./command-form.ts";
import type { Shell } from "./completion/completion-script.ts";

const SHELLS = ["bash", "zsh", "fish"] as const satisfies readonly Shell[];

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
      const { completionScript } = await import("./completion/completion-script.ts");
      process.stdout.write(completionScript(program, shell));
    });
}
