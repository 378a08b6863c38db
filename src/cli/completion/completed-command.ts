// What a shell completes: taken from the commands themselves, which take the settings' options from their declarations.
import type { Argument, Command, Option } from "../../commander.ts";
import { firstSentence } from "../../server/settings/describe.ts";
import { SETTINGS, settingList } from "../../server/settings/table.ts";
import { flagOf } from "../../server/settings/setting.ts";

/** What may stand in a place: some words, a file, or what nobody can know. */
export type Values = readonly string[] | "files" | "any";

/** A word with what it means. */
export interface Word {
  readonly name: string;
  readonly about: string;
}

/** An option; `values` is null where it takes none. */
export interface CompletedOption {
  readonly names: readonly string[];
  readonly about: string;
  readonly values: Values | null;
}

/** A command by its path: `""` for the program itself, `ctl show` for one below another. */
export interface CompletedCommand {
  readonly path: string;
  readonly commands: readonly Word[];
  readonly options: readonly CompletedOption[];
  /** Of its arguments; null where it takes none. */
  readonly operands: Values | null;
}

const FILE_PLACEHOLDER = /^(?:file|path|directory|target|glob)$/;

/** All commands of a program, each before those below it. */
export function completedCommands(command: Command, path = ""): CompletedCommand[] {
  const helper = command.createHelp();
  const below = helper.visibleCommands(command);
  const [operand] = command.registeredArguments;
  const options = helper.visibleOptions(command).map((option) => ({
    names: [option.long, option.short].filter((name) => name !== undefined),
    about: plainLine(option.description),
    values: option.required || option.optional ? valuesOfOption(option) : null,
  }));
  const own: CompletedCommand = {
    path,
    commands: below.map((each) => ({ name: each.name(), about: plainLine(each.description()) })),
    options,
    operands: operand === undefined ? null : valuesOfArgument(operand),
  };
  return [own, ...below.flatMap((each) => completedCommands(each, `${path} ${each.name()}`.trimStart()))];
}

function valuesOfOption({ long, flags, argChoices }: Option): Values {
  const [, setting] = settingList().find(([name]) => flagOf(name, SETTINGS[name]) === long) ?? [];
  if (setting?.type === "choice") return setting.choices;
  return argChoices ?? valuesByName(/[<[](.*)[>\]]$/.exec(flags)?.[1] ?? "");
}

function valuesOfArgument(argument: Argument): Values {
  return argument.argChoices ?? valuesByName(argument.name());
}

function valuesByName(name: string): Values {
  return FILE_PLACEHOLDER.test(name) ? "files" : "any";
}

/** Without what a shell or its tables would read as more than text. */
function plainLine(text: string): string {
  return firstSentence(text)
    .replaceAll(/\s+/g, " ")
    .replaceAll(/['"`$\\]/g, "");
}
