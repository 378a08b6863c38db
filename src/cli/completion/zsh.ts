// Completion for zsh. Source: zshcompsys(1).
import { ANY, FILES, type Row, type Tables } from "./shell-tables.ts";

/** Makes the script. */
export function zshCompletion(tables: Tables): string {
  const functions = Object.entries(tables).map(([name, rows]) => table(`_tsgi_${name}`, rows));
  return `#compdef tsgi
# Completion of tsgi for zsh. In ~/.zshrc, after compinit: eval "$(tsgi completion zsh)"
${functions.join("\n")}
${COMPLETER}`;
}

/** Sets the array \`reply\` to \`NAME:DESCRIPTION\` of each word. */
function table(name: string, rows: readonly Row[]): string {
  const cases = rows.map(({ keys, words }) => {
    const patterns = keys.map((key) => `"${key}"`).join(" | ");
    const items = words.map((word) => `'${word.name}${word.about === "" ? "" : `:${word.about}`}'`);
    return `    (${patterns}) reply=(${items.join(" ")}) ;;`;
  });
  return `${name}() {\n  reply=()\n  case $1 in\n${cases.join("\n")}\n  esac\n}`;
}

const COMPLETER = `_tsgi() {
  local at="" option="" has_operand="" each i
  local -a reply found
  for ((i = 2; i < CURRENT; i++)); do
    each=$words[i]
    if [[ $each == -- ]]; then
      _default
      return
    fi
    if [[ -n $option && $each != -* ]]; then
      option=""
      continue
    fi
    option=""
    if [[ $each == -* ]]; then
      _tsgi_values "$at:$each"
      (( $#reply )) && option=$each
      continue
    fi
    _tsgi_commands "$at"
    if [[ -z $has_operand && -n \${(M)reply:#$each:*} ]]; then
      at="\${at:+$at }$each"
    else
      has_operand=yes
    fi
  done
  if [[ $PREFIX == --*=* ]]; then
    option=\${PREFIX%%=*}
    compset -P '*='
  fi
  if [[ -n $option && $PREFIX != -* ]]; then
    _tsgi_values "$at:$option"
  elif [[ $PREFIX == -* ]]; then
    _tsgi_options "$at"
    _describe -o option reply
    return
  else
    _tsgi_operands "$at"
    found=($reply)
    reply=()
    [[ -z $has_operand ]] && _tsgi_commands "$at"
    reply+=($found)
  fi
  found=(\${reply:#@*})
  (( $#found )) && _describe value found
  [[ \${reply[(r)${FILES}]} == ${FILES} ]] && _files
  [[ \${reply[(r)${ANY}]} == ${ANY} ]] && _message value
}
(( $+functions[compdef] )) && compdef _tsgi tsgi
[[ $funcstack[1] == _tsgi ]] && _tsgi "$@"
`;
