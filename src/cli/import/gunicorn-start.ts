// What a start of gunicorn says altogether: its configuration file, GUNICORN_CMD_ARGS and its command line.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { splitWords } from "../../server/settings/split-words.ts";
import type { Draft } from "./draft.ts";
import { parseGunicornArguments } from "./gunicorn-arguments.ts";
import { evaluateGunicornFile, type PythonName } from "./gunicorn-file.ts";
import { translateGunicorn } from "./gunicorn-settings.ts";

/** How gunicorn is started. */
export interface GunicornStart {
  /** Absolute path of the configuration file. @default the one that the words name, or `gunicorn.conf.py` of the directory */
  readonly file?: string;
  /** The words after `gunicorn`. */
  readonly words: readonly string[];
}

/**
 * Translates a start of gunicorn; of the file, the variable and the words, later ones win.
 *
 * @param directory - in which it would be started
 * @param environment - its variables
 * @returns gunicorn's settings by its own names, as they are after all three
 * @throws UsageError for a flag that gunicorn does not have, FileUnusableError when the file fails
 */
export function translateGunicornStart(
  start: GunicornStart,
  draft: Draft,
  directory: string,
  environment: Readonly<Record<string, string | undefined>>,
): ReadonlyMap<string, PythonName> {
  const own = parseGunicornArguments(start.words);
  const text = environment["GUNICORN_CMD_ARGS"] ?? "";
  const shared = parseGunicornArguments(splitWords(text, "GUNICORN_CMD_ARGS"));
  if (text !== "") draft.needless("GUNICORN_CMD_ARGS", "the variable is set and was taken in");
  const named = own.get("config") ?? shared.get("config");
  const usual = join(directory, "gunicorn.conf.py");
  const path = typeof named === "string" ? placeOf(named, directory) : undefined;
  const file = start.file ?? path ?? (named === undefined && existsSync(usual) ? usual : undefined);
  const given = new Map<string, PythonName>(
    file === undefined ? [] : evaluateGunicornFile(file, directory, environment),
  );
  for (const source of [shared, own]) for (const [name, value] of source) given.set(name, { kind: "value", value });
  translateGunicorn(given, draft, directory, file);
  return given;
}

/** `gunicorn.conf.py`, `file:gunicorn.conf.py`, or a module, which Python finds. */
function placeOf(named: string, directory: string): string {
  return named.startsWith("python:") ? named : resolve(directory, named.replace(/^file:/, ""));
}
