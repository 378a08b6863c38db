// Makes the table of docs/matrix.md of docs/matrix.json, which test/matrix writes. With --check only tells whether it is up to date (exit
// code 1 when not). `npm run generate` runs it.
import { readFileSync } from "node:fs";
import { writeGenerated } from "./write-generated.ts";

interface Cell {
  readonly passed: number;
  readonly tried: number;
  readonly isSample: boolean;
  readonly differences: Readonly<Record<string, readonly string[]>>;
}

const PAGE = "docs/matrix.md";
const TABLES = /(<!-- matrix -->\n)[^]*?(<!-- end -->)/;

/** What a missing feature means, for readers of the table. */
const FEATURES: Readonly<Record<string, string>> = {
  "break-off": "an answer without a length that is broken off looks complete",
  "client-leaves": "a client that leaves is noticed at the next write only",
  "early-answer": "no more of the body arrives when the answer has begun",
  "early-hints": "no early hints",
  "reason-phrase": "the reason of a status does not reach the client",
};

const cells = JSON.parse(readFileSync(new URL("../docs/matrix.json", import.meta.url), "utf8")) as Record<
  string,
  Record<string, Cell>
>;
const before = readFileSync(new URL(`../${PAGE}`, import.meta.url), "utf8");
const after = before.replace(TABLES, (_all, start: string, end: string) => `${start}\n${tables()}\n${end}`);
writeGenerated(PAGE, after);

function tables(): string {
  const columns = Object.keys(cells["TypeScript"] ?? {});
  const reasons = [
    ...new Set(
      Object.values(cells).flatMap((row) => Object.values(row).flatMap((cell) => Object.keys(cell.differences))),
    ),
  ];
  const rows = Object.entries(cells).map(([guest, row]) =>
    line([guest, ...columns.map((column) => cellText(row[column], reasons))]),
  );
  const notes = reasons.map((reason, index) => `${index + 1}. ${FEATURES[reason] ?? reason}`);
  return `${[line(["", ...columns]), line(["---", ...columns.map(() => "---")]), ...rows].join("\n")}\n\n${notes.join("\n")}\n`;
}

function cellText(cell: Cell | undefined, reasons: readonly string[]): string {
  if (cell === undefined) return "–";
  const marks = Object.keys(cell.differences).map((reason) => reasons.indexOf(reason) + 1);
  const numbers = marks.length === 0 ? "" : ` (${marks.toSorted((a, b) => a - b).join(", ")})`;
  return `${cell.passed} of ${cell.tried}${numbers}`;
}

function line(texts: readonly string[]): string {
  return `| ${texts.join(" | ")} |`;
}
