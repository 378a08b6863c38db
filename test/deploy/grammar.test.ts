// Compares the INI reader with Python's configparser over generated texts: equal keys and values, or the same kind of error.
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { DeployError } from "../../src/deploy/errors.ts";
import { parseIni } from "../../src/deploy/ini.ts";
import { Random } from "./differential/generate-ini.ts";

const PROGRAM = `
import configparser, io, json, sys
for line in sys.stdin:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str
    try:
        parser.read_file(io.StringIO(json.loads(line), newline=None))
        answer = {"DEFAULT": dict(parser.defaults()), **{name: dict(parser._sections[name]) for name in parser.sections()}}
    except configparser.Error as error:
        answer = type(error).__name__
    print(json.dumps(answer))
`;

const ERRORS: Readonly<Record<string, string>> = {
  ERR_TSGI_INI_NO_SECTION: "MissingSectionHeaderError",
  ERR_TSGI_INI_SYNTAX: "ParsingError",
  ERR_TSGI_INI_DUPLICATE_SECTION: "DuplicateSectionError",
  ERR_TSGI_INI_DUPLICATE_KEY: "DuplicateOptionError",
};

const PIECES = [
  "[a]",
  "[b c]",
  "[DEFAULT]",
  "[x",
  "[]",
  "[[d]]",
  "[e] tail",
  "key",
  "k1",
  "k2",
  "k 3",
  "=",
  ":",
  " = ",
].concat(
  [" : ", "value", "; c", "# c", "", " ", "\t", "   ", "%(x)s"],
  ["\u00a0", "\u0085", "\u001c", "\u2028", "\ufeff", "é"],
);

function textOf(seed: number): string {
  const random = new Random(seed);
  const lines = Array.from({ length: random.below(12) }, (_, index) => {
    const start = index === 0 && random.chance(0.9) ? "[a]" : "";
    if (random.chance(0.6))
      return start === "" ? `${random.pick(["", "", "", " ", "  "])}k${random.below(40)} = v` : start;
    return start + Array.from({ length: random.below(4) }, () => random.pick(PIECES)).join("");
  });
  return lines.join(random.pick(["\n", "\n", "\r\n", "\r"]));
}

function read(text: string): unknown {
  try {
    const file = parseIni(text, "/x.ini");
    const sections = [file.defaults, ...file.sections.values()];
    return Object.fromEntries(
      sections.map(({ name, entries }) => [
        name,
        Object.fromEntries(Array.from(entries.values(), ({ key, value }) => [key, value])),
      ]),
    );
  } catch (error) {
    if (error instanceof DeployError) return ERRORS[error.code];
    throw error;
  }
}

test("3,000 generated texts read as Python reads them", () => {
  const texts = Array.from({ length: 3000 }, (_, seed) => textOf(seed + 1));
  const input = texts.map((text) => `${JSON.stringify(text)}\n`).join("");
  const run = spawnSync("python3", ["-X", "utf8", "-c", PROGRAM], { input, encoding: "utf8", maxBuffer: 1 << 26 });
  expect(run.stderr).toBe("");
  const answers = run.stdout.trimEnd().split("\n");
  expect(answers).toHaveLength(texts.length);
  expect(answers.filter((answer) => answer.startsWith("{")).length).toBeGreaterThan(700);
  for (const [index, text] of texts.entries()) {
    expect({ text, result: read(text) }).toEqual({ text, result: JSON.parse(answers[index] ?? "") as unknown });
  }
});
