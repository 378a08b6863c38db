// Puts the reference of JSONStore's API into docs/jsonstore.md, from the tables that the store itself uses: behind each line
// `<!-- generated from apps/jsonstore/src/FILE.ts: NAME -->` stands that table. With --check only tells whether the page is up to date (exit
// code 1 when not). `npm run generate` runs it.
import { readFileSync } from "node:fs";
import { LIMITS, iniNumber } from "../apps/jsonstore/src/limits.ts";
import {
  ANSWER_FIELDS,
  COMMON_PROBLEMS,
  OPERATIONS,
  OTHER_METHOD_PROBLEMS,
  PARAMETERS,
  REQUEST_FIELDS,
} from "../apps/jsonstore/src/operations.ts";
import { PROBLEMS, type ProblemCode } from "../apps/jsonstore/src/problems.ts";
import { writeGenerated } from "./write-generated.ts";

const PAGE = "docs/jsonstore.md";
const MARKED = /(<!-- generated from apps\/jsonstore\/src\/[\w-]+\.ts: (\w+) -->\n\n)(?:\|[^\n]*\n)*/g;

const OPERATION_LIST = Object.values(OPERATIONS);

const TABLES: Readonly<Record<string, () => string>> = {
  methods: () =>
    table(
      ["method", "does", "query", "fields of the request", "answers", "with"],
      OPERATION_LIST.map((operation) => [
        operation.methods.join(", ") + ("when" in operation ? ` with ${operation.when}` : ""),
        operation.does,
        operation.parameters.map(code).join(" "),
        operation.fields.map(code).join(" "),
        operation.answers.join(", "),
        operation.answerFields.map(code).join(" "),
      ]),
    ),
  parameters: () => table(["word", ""], named(PARAMETERS)),
  fields: () =>
    table(
      ["field", "of", ""],
      [
        ...named(REQUEST_FIELDS).map(([name, meaning]) => [name, "the request", meaning]),
        ...named(ANSWER_FIELDS).map(([name, meaning]) => [name, "the answer", meaning]),
      ],
    ),
  problems: () =>
    table(
      ["code", "status", "answers", "", ""],
      Object.entries(PROBLEMS).map(([name, [status, title, advice]]) => [
        code(name),
        String(status),
        askers(name as ProblemCode), // a key of the table
        title,
        advice,
      ]),
    ),
  limits: () =>
    table(
      ["key", "limits", "default", "beyond it"],
      Object.entries(LIMITS).map(([key, limit]) => [
        code(key),
        limit.meaning,
        iniNumber(limit),
        `${PROBLEMS[limit.problem][0]} ${code(limit.problem)}`,
      ]),
    ),
};

const before = readFileSync(new URL(`../${PAGE}`, import.meta.url), "utf8");
const after = before.replaceAll(MARKED, (_all, head: string, name: string) => {
  const write = TABLES[name];
  if (write === undefined) throw new Error(`No table is called "${name}", expected ${Object.keys(TABLES).join(", ")}`);
  return head + write();
});
writeGenerated(PAGE, after);

/** Which methods can have a problem. */
function askers(problem: ProblemCode): string {
  const isIn = (list: readonly ProblemCode[]): boolean => list.includes(problem);
  if (isIn(COMMON_PROBLEMS)) return "all";
  if (isIn(OTHER_METHOD_PROBLEMS)) return "other methods";
  const methods = OPERATION_LIST.filter(({ problems }) => isIn(problems)).map((operation) => operation.methods[0]);
  return [...new Set(methods)].join(" ");
}

function named(words: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(words).map(([name, meaning]) => [code(name), meaning]);
}

function code(name: string): string {
  return `\`${name}\``;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `|${cells.map((cell) => ` ${cell} `).join("|")}|\n`;
  return line(heads) + line(heads.map(() => "---")).replaceAll(" ", "") + rows.map(line).join("");
}
