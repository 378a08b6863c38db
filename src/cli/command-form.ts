// One form for the help and the usage errors of every command: 80 columns, one line that begins with "tsgi:", one exit code.
import type { Argument, Command, Help, Option } from "../commander.ts";
import { suggestion } from "../nearest-name.ts";
import { usageMessage } from "../server/settings/usage-message.ts";
import { UsageError } from "./errors.ts";

/** Columns of names in front of the descriptions; a longer name has a line of its own. */
const TERM_COLUMNS = 26;
const INDENT = 2;
const GAP = 2;
const WIDEST = 100;

/**
 * Gives a command, and all below it, the form.
 *
 * @param name - as it is typed. @default the command's own
 */
export function giveForm(command: Command, name: string = command.name()): void {
  command
    .exitOverride()
    .helpCommand(false)
    .helpOption("-h, --help", "print this help")
    .showSuggestionAfterError()
    .showHelpAfterError(`Run "${name} --help" for the options`)
    .configureHelp({ padWidth, formatItem, prepareContext })
    .configureOutput({ outputError: (text, write) => write(`tsgi: ${usageMessage(text)}\n`) });
  for (const each of command.commands) giveForm(each, `${name} ${each.name()}`);
}

/**
 * Lets an argument or an option be one of some names.
 *
 * @param noun - what they are, for the error
 */
export function chosenFrom<Parameter extends Argument | Option>(
  parameter: Parameter,
  noun: string,
  names: readonly string[],
): Parameter {
  parameter.choices(names).argParser((text: string) => {
    if (names.includes(text)) return text;
    throw new UsageError(`Unknown ${noun} "${text}"${suggestion(text, names)}`);
  });
  return parameter;
}

function padWidth(command: Command, helper: Help): number {
  const longest = Math.max(
    helper.longestOptionTermLength(command, helper),
    helper.longestSubcommandTermLength(command, helper),
    helper.longestArgumentTermLength(command, helper),
  );
  return Math.min(TERM_COLUMNS, longest);
}

/** Commander wraps nothing where its names leave less than 40 columns. */
function formatItem(term: string, termWidth: number, description: string, helper: Help): string {
  const indent = " ".repeat(INDENT);
  if (description === "") return indent + term;
  const column = " ".repeat(INDENT + termWidth + GAP);
  const lines = helper.boxWrap(description, (helper.helpWidth ?? 80) - column.length).replaceAll("\n", `\n${column}`);
  const isShort = helper.displayWidth(term) <= termWidth;
  return isShort ? indent + term.padEnd(termWidth + GAP) + lines : `${indent}${term}\n${column}${lines}`;
}

function prepareContext(this: Help, { helpWidth = 80 }: { helpWidth?: number }): void {
  this.helpWidth = Math.min(WIDEST, helpWidth);
}
