// The tables that every shell's script looks things up in: functions which print words for `COMMAND` or `COMMAND:OPTION`.
import type { CompletedCommand, CompletedOption, Values, Word } from "./completed-command.ts";

/** One row: for these keys, these words. */
export interface Row {
  readonly keys: readonly string[];
  readonly words: readonly Word[];
}

/** The tables by name. */
export type Tables = Readonly<Record<"commands" | "options" | "operands" | "values", readonly Row[]>>;

/** In place of words: a file is completed by the shell, anything is not completed. */
export const FILES = "@files";
export const ANY = "@any";

/** Makes the tables. */
export function shellTables(commands: readonly CompletedCommand[]): Tables {
  return {
    commands: commands.flatMap(({ path, commands: words }) => rowOf([path], words)),
    options: commands.flatMap(({ path, options }) => rowOf([path], options.flatMap(optionWords))),
    operands: commands.flatMap(({ path, operands }) => rowOf([path], wordsOf(operands))),
    values: commands.flatMap(({ path, options }) =>
      options.flatMap(({ names, values }) =>
        rowOf(
          names.map((name) => `${path}:${name}`),
          wordsOf(values),
        ),
      ),
    ),
  };
}

function rowOf(keys: readonly string[], words: readonly Word[]): Row[] {
  return words.length === 0 ? [] : [{ keys, words }];
}

function optionWords({ names, about }: CompletedOption): Word[] {
  return names.map((name) => ({ name, about }));
}

function wordsOf(values: Values | null): Word[] {
  if (values === null) return [];
  const names = values === "files" ? [FILES] : values === "any" ? [ANY] : values;
  return names.map((name) => ({ name, about: "" }));
}
