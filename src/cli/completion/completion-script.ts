// The script of `tsgi completion SHELL`.
import type { Command } from "../../commander.ts";
import { bashCompletion } from "./bash.ts";
import { completedCommands } from "./completed-command.ts";
import { fishCompletion } from "./fish.ts";
import { shellTables, type Tables } from "./shell-tables.ts";
import { zshCompletion } from "./zsh.ts";

/** A shell that completes. */
export type Shell = "bash" | "zsh" | "fish";

const WRITERS: Readonly<Record<Shell, (tables: Tables) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** Makes the script for a shell. */
export function completionScript(program: Command, shell: Shell): string {
  return WRITERS[shell](shellTables(completedCommands(program)));
}
