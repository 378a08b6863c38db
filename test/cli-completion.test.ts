// `tsgi completion SHELL`, asked by the shells themselves: what would the Tab key offer?
import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Project } from "./cli-command.ts";
import { program } from "./needs.ts";

const project = new Project({ "app.py": "", "shop.config.json": "{}", "my site.ini": "" });
afterAll(() => project.remove());

/** Line up to the cursor, what has to be offered, and what must not. */
type Case = readonly [line: string, offered: readonly string[], absent?: readonly string[]];
const LINES: readonly Case[] = [
  ["tsgi f", ["fetch"], ["config"]],
  ["tsgi ", ["ctl", "completion", "help"]],
  ["tsgi --max-worker-", ["--max-worker-age", "--max-worker-memory"], ["--max-requests"]],
  ["tsgi app.py --relo", ["--reload", "--reload-extra-file"]],
  ["tsgi --log-level ", ["debug", "info", "warning", "error", "critical"], ["fetch"]],
  ["tsgi --log-syslog-facility loc", ["local0", "local7"], ["auth"]],
  ["tsgi -k ge", ["gevent"], ["sync"]],
  ["tsgi ctl ", ["show", "reload", "worker", "reopen", "stop"], ["fetch"]],
  ["tsgi ctl -s unix:/run/x worker k", ["kill"]],
  ["tsgi ctl show w", ["workers"]],
  ["tsgi fetch --val", ["--validate"], ["--workers"]],
  ["tsgi init ng", ["nginx"]],
  ["tsgi config explain --type ", ["application", "filter", "server"]],
  ["tsgi completion ", ["bash", "zsh", "fish"]],
  ["tsgi help ct", ["ctl"]],
];

function cases(...more: readonly Case[]): { line: string; offered: readonly string[]; absent: readonly string[] }[] {
  return [...LINES, ...more].map(([line, offered, absent = []]) => ({ line, offered, absent }));
}

const [bash, zsh, fish] = [program("bash"), program("zsh"), program("fish")];

function ask(path: string, args: readonly string[], line: string): string[] {
  const text = execFileSync(path, args, {
    cwd: project.directory,
    env: { ...process.env, LINE: line, HOME: project.directory },
    encoding: "utf8",
    timeout: 60_000,
  });
  return text.split("\n").filter((each) => each !== "");
}

function write(name: "bash" | "zsh" | "fish"): void {
  beforeAll(async () => {
    const { code, stdout, stderr } = await project.run(["completion", name]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    project.write(`completion.${name}`, stdout);
  });
}

/** Those of the words that a test is about. */
function among(words: readonly string[], offered: readonly string[], absent: readonly string[]): string[] {
  return [...offered, ...absent].filter((each) => words.includes(each));
}

describe.skipIf(bash === undefined)("bash", () => {
  write("bash");
  // Parted as readline does with the usual COMP_WORDBREAKS.
  const script = `source ./completion.bash
    COMP_WORDS=()
    while IFS= read -r word; do COMP_WORDS+=("$word"); done <<< "$LINE"
    COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
    _tsgi
    for word in "\${COMPREPLY[@]}"; do printf '%s\\n' "$word"; done`;
  const offers = (line: string): string[] => {
    const words = line.split(/ +|([:=])/).filter((word) => word !== undefined && word !== "");
    if (/[ :=]$/.test(line)) words.push("");
    return ask(bash ?? "", ["--norc", "-c", script], words.join("\n"));
  };

  test.each(cases())("$line", ({ line, offered, absent }) => {
    expect(among(offers(line), offered, absent)).toEqual(offered);
  });

  test.each([
    ["tsgi --log-level=de", ["debug"]],
    ["tsgi --log-level=", ["debug", "info", "warning", "error", "critical"]],
    ["tsgi -b :1 --relo", ["--reload", "--reload-extra-file"]],
    ["tsgi -b 127.0.0.1:80 --log-level de", ["debug"]],
    // Nothing of its own, so that bash completes names of files.
    ["tsgi --config sh", []],
    ["tsgi -b :1 ap", []],
    ["tsgi app.py:a", []],
    ["tsgi manage.py -- --log-l", []],
  ])("%j gives exactly %j", (line, words) => {
    expect(offers(line)).toEqual(words);
  });

  test("offers nothing that is code, whatever stands on the line", () => {
    expect(offers("tsgi $(touch${IFS}harm) `touch${IFS}harm` --log-level de")).toEqual(["debug"]);
    expect(ask(bash ?? "", ["-c", "ls"], "")).not.toContain("harm");
  });
});

describe.skipIf(fish === undefined)("fish", () => {
  write("fish");
  const offers = (line: string): string[] =>
    ask(fish ?? "", ["-N", "-c", "function tsgi; end; source ./completion.fish; complete -C $LINE"], line).map((each) =>
      each.replace(/\t.*/, ""),
    );

  test.each(
    cases(
      ["tsgi --log-level=de", ["--log-level=debug"]],
      ["tsgi -b :1 ap", ["app.py"]],
      ["tsgi --config sh", ["shop.config.json"]],
      ["tsgi my", ["my site.ini"]],
    ),
  )("$line", ({ line, offered, absent }) => {
    expect(among(offers(line), offered, absent)).toEqual(offered);
  });
});

describe.skipIf(zsh === undefined)("zsh", () => {
  write("zsh");
  // The functions of its completion system stand in for a terminal; zsh itself runs the script.
  const script = `compset() { PREFIX=\${PREFIX#*=} }
    _describe() { print -rl -- \${(P)@[-1]} }
    _files() { print -rl -- *(N) }
    _message() { }
    _default() { }
    source ./completion.zsh
    words=(\${(s: :)LINE}); [[ $LINE == *' ' ]] && words+=('')
    CURRENT=$#words PREFIX=$words[-1]
    _tsgi
    print -r -- "prefix:$PREFIX"`;
  const offers = (line: string): string[] => {
    const found = ask(zsh ?? "", ["-f", "-c", script], line);
    const prefix = found.pop()?.slice("prefix:".length) ?? "";
    return found.map((each) => each.replace(/:.*/, "")).filter((each) => each.startsWith(prefix));
  };

  test.each(
    cases(
      ["tsgi --log-level=de", ["debug"]],
      ["tsgi -b :1 ap", ["app.py"]],
      ["tsgi --config sh", ["shop.config.json"]],
    ),
  )("$line", ({ line, offered, absent }) => {
    expect(among(offers(line), offered, absent)).toEqual(offered);
  });
});
