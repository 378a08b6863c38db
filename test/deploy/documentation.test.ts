// Runs the examples of docs/deploy-ini.md: each section of the page is a directory with its files, each command line prints what
// the page shows below it.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { splitWords } from "../../src/server/settings/split-words.ts";
import { markdownBlocks, markdownFiles } from "../markdown-blocks.ts";
import { venvPython } from "../needs.ts";
import { Project } from "./project.ts";

const PAGE = readFileSync(new URL("../../docs/deploy-ini.md", import.meta.url), "utf8");
const JITI = fileURLToPath(import.meta.resolve("jiti/register"));
const COMMAND = fileURLToPath(new URL("../../bin/tsgi.js", import.meta.url));
const PYTHON = venvPython();
const ALIAS = JSON.stringify({ "tsgi/deploy": fileURLToPath(new URL("../../src/deploy/index.ts", import.meta.url)) });

interface Example {
  readonly title: string;
  readonly files: Readonly<Record<string, string>>;
  readonly commands: readonly { readonly line: string; readonly output: string }[];
}

const examples: Example[] = PAGE.split(/^## /m)
  .slice(1)
  .map((section) => {
    const consoles = markdownBlocks(section).filter(({ language }) => language === "console");
    return {
      title: section.split("\n", 1)[0] ?? "",
      files: Object.fromEntries(markdownFiles(section)),
      commands: consoles
        .flatMap(({ text }) => text.split(/^\$ /m).slice(1))
        .map((text) => {
          const [line = "", ...output] = text.split("\n");
          return { line, output: output.join("\n").trimEnd() };
        }),
    };
  })
  .filter(({ commands }) => commands.length > 0);

test("the page has its examples", () => {
  expect(examples.map(({ title }) => title)).toEqual([
    "A first file",
    "From the command line",
    "Sections",
    "Composites",
    "Python",
    "What files name from Python's packages",
    "Servers",
    "When something is wrong",
  ]);
});

/** A command line as a person sees its end: what it prints, then what it complains about. */
function run(line: string, project: Project): string {
  const [program, ...args] = splitWords(line, "the example");
  const start = program === "tsgi" ? [COMMAND, ...args] : ["--import", JITI, ...args];
  const child = spawnSync(process.execPath, start, {
    cwd: project.directory,
    encoding: "utf8",
    env: { ...process.env, JITI_ALIAS: ALIAS, ...(PYTHON === undefined ? {} : { TSGI_PYTHON: PYTHON }) },
  });
  return (child.stdout + child.stderr).replaceAll(project.directory, "…").trimEnd();
}

const needsPython = ({ files }: Example): boolean => Object.keys(files).some((name) => name.endsWith(".py"));

describe.each(examples.filter((example) => PYTHON !== undefined || !needsPython(example)))(
  "$title",
  ({ files, commands }) => {
    const project = new Project(files);

    test.each(commands)("$line", ({ line, output }) => {
      expect(run(line, project)).toBe(output);
    });
  },
);
