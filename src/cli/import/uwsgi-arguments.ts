// uWSGI's command line. Its options are those of the file, with dashes; a word alone is a configuration file or the application.
import { UWSGI_SHORT, UWSGI_SWITCHES } from "./uwsgi-rules.ts";
import type { UwsgiOption } from "./uwsgi-ini.ts";

/** What the words say. */
export interface UwsgiArguments {
  readonly options: readonly UwsgiOption[];
  /** Configuration files, each perhaps with `:section`. */
  readonly files: readonly string[];
}

const FILES = new Set(["ini", "yaml", "yml", "json", "xml"]);
const IS_FILE = /\.(?:ini|ya?ml|json|js|xml)(?::[\w-]+)?$/;

/** Reads the words after `uwsgi`. */
export function parseUwsgiArguments(words: readonly string[]): UwsgiArguments {
  const options: UwsgiOption[] = [];
  const files: string[] = [];
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (!word.startsWith("-")) {
      if (/\.(?:py|wsgi)$/.test(word)) options.push({ key: "wsgi-file", value: word });
      else if (word.includes(":") && !IS_FILE.test(word)) options.push({ key: "module", value: word });
      else files.push(word);
      continue;
    }
    const [, written = "", glued] = /^(--[^=]*|-.)=?(.*)$/s.exec(word) ?? [];
    const key = written.startsWith("--") ? written.slice(2) : (UWSGI_SHORT[written.slice(1)] ?? written.slice(1));
    const isAlone = UWSGI_SWITCHES.has(key) || rest[0] === undefined || rest[0].startsWith("--");
    const value = glued !== undefined && glued !== "" ? glued : isAlone ? "" : (rest.shift() ?? "");
    if (FILES.has(key)) files.push(value);
    else options.push(unfilled({ key, value }));
  }
  return { options, files };
}

/** A variable that only a shell of the platform could fill in. */
function unfilled(option: UwsgiOption): UwsgiOption {
  const [variable] = /\$\{?\w+\}?/.exec(option.value) ?? [];
  return variable === undefined ? option : { ...option, unfilled: variable };
}
