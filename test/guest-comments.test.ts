// The build empties the comment lines of guests' programs. What the programs mean stays, and where: the parsers of their languages say so.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { program } from "./needs.ts";

const { withoutComments } = (await import(fileURLToPath(new URL("../scripts/build.mjs", import.meta.url)))) as {
  readonly withoutComments: (text: string) => string;
};
const GUESTS = fileURLToPath(new URL("../src/guests", import.meta.url));

/** Each prints what a program on standard input means. */
const PARSERS: readonly [name: string, ending: RegExp, command: string | undefined, args: readonly string[]][] = [
  [
    "Python",
    /\.py$/,
    program("python3"),
    ["-c", "import ast, sys; print(ast.dump(ast.parse(sys.stdin.read()), include_attributes=True))"],
  ],
  ["Ruby", /\.rb$/, program("ruby"), ["-e", "require 'ripper'; p Ripper.sexp(STDIN.read)"]],
  ["Perl", /\.pm$/, program("perl"), ["-MO=Deparse,-l", `-I${join(GUESTS, "perl/shim")}`]],
];

test.each(PARSERS)("%s programs mean the same without their comments", (_, ending, command, args) => {
  if (command === undefined) return;
  const files = readdirSync(GUESTS, { recursive: true, encoding: "utf8" }).filter(
    (name) => ending.test(name) && !/\btests\b/.test(name),
  );
  expect(files.length).toBeGreaterThan(2);
  let emptied = 0;
  for (const file of files) {
    const text = readFileSync(join(GUESTS, file), "utf8");
    const stripped = withoutComments(text);
    expect(stripped.split("\n").length, file).toBe(text.split("\n").length);
    const meant = (input: string): string => {
      const { stdout, stderr, status } = spawnSync(command, args, { input, encoding: "utf8", maxBuffer: 2 ** 26 });
      expect(status, `${file}: ${stderr}`).toBe(0);
      return stdout;
    };
    if (stripped === text) continue;
    emptied += 1;
    expect(meant(stripped), file).toBe(meant(text));
  }
  expect(emptied).toBeGreaterThan(0);
});
