// @ts-check
// Aligned text: the first column to the left, the others to the right.

/**
 * Lays rows out in columns.
 *
 * @param {string[][]} rows the first one is the heading
 * @returns {string} lines, each with its end
 */
export function table(rows) {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const line = (/** @type {string[]} */ row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)));
  const [heading = [], ...body] = rows;
  const rule = widths.map((width) => "-".repeat(width));
  return [heading, rule, ...body].map((row) => `${line(row).join("  ").trimEnd()}\n`).join("");
}
