// Completion for fish, 3.0 and later.
import { ANY, FILES, type Row, type Tables } from "./shell-tables.ts";

/** Makes the script. */
export function fishCompletion(tables: Tables): string {
  const functions = Object.entries(tables).map(([name, rows]) => table(`__tsgi_${name}`, rows));
  return `# Completion of tsgi for fish. In ~/.config/fish/config.fish: tsgi completion fish | source
${functions.join("\n")}
${COMPLETER}`;
}

/** Prints a line for each word, with its description after a tab. */
function table(name: string, rows: readonly Row[]): string {
  const cases = rows.map(({ keys, words }) => {
    const patterns = keys.map((key) => `'${key}'`).join(" ");
    const lines = words.map((word) => `'${word.name}${word.about === "" ? "" : `\t${word.about}`}'`);
    return `    case ${patterns}\n      printf '%s\\n' ${lines.join(" ")}`;
  });
  return `function ${name}\n  switch $argv[1]\n${cases.join("\n")}\n  end\nend`;
}

const COMPLETER = `function __tsgi_complete
  set -l words (commandline -opc)
  set -e words[1]
  set -l word (commandline -ct)
  set -l at ''
  set -l option ''
  set -l has_operand ''
  for each in $words
    if test "x$each" = 'x--'
      __fish_complete_path "$word"
      return
    end
    if test -n "$option"; and not string match -q -- '-*' "$each"
      set option ''
      continue
    end
    set option ''
    if string match -q -- '-*' "$each"
      test (count (__tsgi_values "$at:$each")) -gt 0; and set option "$each"
      continue
    end
    if test -z "$has_operand"; and contains -- "$each" (__tsgi_commands "$at" | string replace -r '\\t.*' '')
      set at (string trim -- "$at $each")
    else
      set has_operand yes
    end
  end
  set -l before ''
  set -l found
  if string match -q -- '--*=*' "$word"
    set before (string replace -r '=.*' '=' -- "$word")
    set option (string replace -r '=.*' '' -- "$word")
    set word (string replace -r '^[^=]*=' '' -- "$word")
  end
  if test -n "$option"; and not string match -q -- '-*' "$word"
    set found (__tsgi_values "$at:$option")
  else if string match -q -- '-*' "$word"
    set found (__tsgi_options "$at")
  else
    test -z "$has_operand"; and set found (__tsgi_commands "$at")
    set -a found (__tsgi_operands "$at")
  end
  for each in $found
    switch $each
      case '${FILES}'
        printf '%s\\n' "$before"(__fish_complete_path "$word")
      case '${ANY}'
      case '*'
        printf '%s\\n' "$before$each"
    end
  end
end
complete -c tsgi -e
complete -c tsgi -f -a '(__tsgi_complete)'
`;
