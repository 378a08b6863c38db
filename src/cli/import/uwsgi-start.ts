// What a start of uWSGI says altogether: its UWSGI_ variables, its configuration files and its command line.
import type { Draft } from "./draft.ts";
import { parseUwsgiArguments } from "./uwsgi-arguments.ts";
import { readUwsgiFile } from "./uwsgi-file.ts";
import { placeholderOf, UWSGI_SET, withPasteFiles, type UwsgiOption } from "./uwsgi-ini.ts";
import { translateUwsgi } from "./uwsgi-settings.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Variables of this form are options; those below are uWSGI's own messages to itself. */
const PREFIX = "UWSGI_";
const INTERNAL = /^UWSGI_(?:RELOADS|ORIGINAL_PROC_NAME|EMPEROR_.*|BROODLORD_.*|VASSAL_.*|SPOOLER_.*|FARM_.*|FILE)$/;

/**
 * Translates a start of uWSGI; of the variables, the files and the words, later ones win.
 *
 * @param words - after `uwsgi`
 * @param directory - in which it would be started
 * @param environment - its variables
 * @throws FileUnusableError when a file cannot be read
 */
export function translateUwsgiStart(
  words: readonly string[],
  draft: Draft,
  directory: string,
  environment: Environment,
): void {
  const { options, files } = parseUwsgiArguments(words);
  const placeholders = new Map(options.filter(isSet).map(({ value }) => placeholderOf(value)));
  const read = files.flatMap((file) => readUwsgiFile(file, directory, environment, placeholders));
  const all = [...variableOptions(environment), ...read, ...options.filter((option) => !isSet(option))];
  translateUwsgi(withPasteFiles(all, null, directory, environment), draft, directory);
}

function isSet({ key }: UwsgiOption): boolean {
  return UWSGI_SET.has(key);
}

/** `UWSGI_HTTP_SOCKET=:80` is `http-socket = :80`. */
function variableOptions(environment: Environment): UwsgiOption[] {
  return Object.entries(environment).flatMap(([name, value]) => {
    if (!name.startsWith(PREFIX) || INTERNAL.test(name) || value === undefined) return [];
    return [{ key: name.slice(PREFIX.length).toLowerCase().replaceAll("_", "-"), value }];
  });
}
