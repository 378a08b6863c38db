// Completion for bash, 3.2 and later (macOS has that), without the package bash-completion.
import { ANY, FILES, type Row, type Tables } from "./shell-tables.ts";

/** Makes the script. */
export function bashCompletion(tables: Tables): string {
  const functions = Object.entries(tables).map(([name, rows]) => table(`_tsgi_${name}`, rows));
  return `# Completion of tsgi for bash. In ~/.bashrc: eval "$(tsgi completion bash)"
${functions.join("\n")}
${COMPLETER}`;
}

function table(name: string, rows: readonly Row[]): string {
  const cases = rows.map(({ keys, words }) => {
    const patterns = keys.map((key) => `"${key}"`).join(" | ");
    return `    ${patterns}) echo "${words.map((word) => word.name).join(" ")}" ;;`;
  });
  return `${name}() {\n  case $1 in\n${cases.join("\n")}\n  esac\n}`;
}

// Readline parts words at "=" and ":" too: --log-level=info is three words, and so is app.py:app.
const COMPLETER = `_tsgi() {
  local word=\${COMP_WORDS[COMP_CWORD]} at="" option="" has_operand="" each name i values
  COMPREPLY=()
  [[ $word == "=" || $word == ":" ]] && word=""
  for ((i = 1; i < COMP_CWORD; i++)); do
    each=\${COMP_WORDS[i]}
    [[ $each == "--" ]] && return
    [[ $each == "=" ]] && continue
    if [[ $each == ":" ]]; then
      ((i + 1 < COMP_CWORD)) && option=""
      ((i++))
      continue
    fi
    if [[ -n $option && $each != -* ]]; then
      # What follows "=" or ":" belongs to the value still.
      [[ \${COMP_WORDS[i + 1]} == ":" && $((i + 2)) -ge $COMP_CWORD ]] && return
      option=""
      continue
    fi
    option=""
    if [[ $each == -* ]]; then
      [[ -n $(_tsgi_values "$at:$each") ]] && option=$each
      continue
    fi
    if [[ -z $has_operand && " $(_tsgi_commands "$at") " == *" $each "* ]]; then
      at="\${at:+$at }$each"
    else
      has_operand=yes
      # The attribute of a target is nothing that a shell knows.
      if [[ \${COMP_WORDS[i + 1]} == ":" && $((i + 2)) -ge $COMP_CWORD ]]; then
        compopt +o default +o bashdefault 2> /dev/null
        return
      fi
    fi
  done
  if [[ -n $option && $word != -* ]]; then
    values=$(_tsgi_values "$at:$option")
  elif [[ $word == -* ]]; then
    values=$(_tsgi_options "$at")
  else
    values=$(_tsgi_operands "$at")
    [[ -z $has_operand ]] && values="$(_tsgi_commands "$at") $values"
  fi
  if [[ " $values " == *" ${ANY} "* || -z \${values// /} ]]; then
    compopt +o default +o bashdefault 2> /dev/null
    values=\${values//${ANY}/}
  fi
  COMPREPLY=($(compgen -W "\${values//${FILES}/}" -- "$word"))
  if [[ " $values " == *" ${FILES} "* && \${#COMPREPLY[@]} -gt 0 ]]; then
    compopt -o filenames 2> /dev/null
    while IFS= read -r name; do COMPREPLY+=("$name"); done < <(compgen -f -- "$word")
  fi
}
complete -o bashdefault -o default -F _tsgi tsgi
`;
