// The measure of coverage must fail where too little is covered, or nothing was measured.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, expect, test } from "vitest";

const { LEAST, readCoverage } = (await import(fileURLToPath(new URL("../scripts/coverage.mjs", import.meta.url)))) as {
  LEAST: Record<string, number>;
  readCoverage: (folder: string) => { table: string[]; failures: string[] };
};

const folder = mkdtempSync(join(tmpdir(), "tsgi-coverage-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Reads a report of files, each with how many of its 1000 lines and 200 branches are covered. */
function read(files: Record<string, readonly [lines: number, branches: number]>): ReturnType<typeof readCoverage> {
  const report = Object.entries(files).map(([path, [lines, branches]]) => [
    `/project/src/${path}`,
    { lines: { total: 1000, covered: lines }, branches: { total: 200, covered: branches } },
  ]);
  writeFileSync(join(folder, "coverage-summary.json"), JSON.stringify(Object.fromEntries(report)));
  return readCoverage(folder);
}

const FULL = Object.fromEntries(Object.keys(LEAST).map((room) => [`${room}/a.ts`, [1000, 200] as const]));

test("every room that is covered far enough is content, and printed", () => {
  const { table, failures } = read({ ...FULL, "wsgi/a.ts": [950, 190] });
  expect(failures).toEqual([]);
  expect(table.slice(0, 3)).toEqual([
    "coverage in %     lines  branches",
    "src/wsgi           95.0      95.0",
    "src/http          100.0     100.0",
  ]);
  expect(table).toHaveLength(1 + Object.keys(LEAST).length);
});

test("a room fails by its lines and by its branches, over all its files", () => {
  const { failures } = read({ ...FULL, "wsgi/a.ts": [899, 190], "wsgi/b/c.ts": [1000, 189], "other/a.ts": [0, 0] });
  expect(failures).toEqual([
    "src/wsgi: 94.9 % of its lines are covered, expected at least 95",
    "src/wsgi: 94.7 % of its branches are covered, expected at least 95",
  ]);
});

test("a room without files fails, and so does a run that left no report", () => {
  expect(read({}).failures).toContain("src/deploy: 0 % of its lines are covered, expected at least 95");
  expect(readCoverage(join(folder, "nowhere")).failures).toEqual([
    expect.stringContaining("no coverage was measured: Error: ENOENT"),
  ]);
});
