// Which rooms of src the tests must cover, and how far. `npm test` measures it in CI, in its first run.
import { readFileSync } from "node:fs";
import { join, sep } from "node:path";

import { ROOT } from "./project.mjs";

/** The least share of lines and of branches, in percent, in each of these rooms of src. */
export const LEAST = { wsgi: 95, http: 95, protocols: 95, "guests/lane": 95, deploy: 95 };

const FOLDER = join(ROOT, ".cache", "coverage");

/** What makes vitest measure these rooms, also when a test fails. */
export const COVERAGE_ARGS = [
  "--coverage",
  ...Object.keys(LEAST).map((room) => `--coverage.include=src/${room}/**/*.ts`),
  "--coverage.reporter=json-summary",
  `--coverage.reportsDirectory=${FOLDER}`,
  "--coverage.reportOnFailure",
];

/** @typedef {{ lines: { total: number, covered: number }, branches: { total: number, covered: number } }} FileCoverage */

/**
 * Reads what vitest measured.
 *
 * @param {string} [folder] - with vitest's report
 * @returns {{ table: string[], failures: string[] }} the figures of each room, ready to be printed, and which are too low
 */
export function readCoverage(folder = FOLDER) {
  /** @type {Record<string, FileCoverage>} */
  let report = {};
  try {
    report = JSON.parse(readFileSync(join(folder, "coverage-summary.json"), "utf8"));
  } catch (error) {
    return { table: [], failures: [`no coverage was measured: ${String(error)}`] };
  }
  const table = ["coverage in %     lines  branches"];
  /** @type {string[]} */
  const failures = [];
  for (const [room, least] of Object.entries(LEAST)) {
    const files = Object.entries(report).filter(([path]) => path.includes(`${sep}src${sep}${room}${sep}`));
    const [lines, branches] = /** @type {const} */ (["lines", "branches"]).map((kind) => {
      const sum = { total: 0, covered: 0 };
      for (const [, file] of files) {
        const { total, covered } = file[kind];
        sum.total += total;
        sum.covered += covered;
      }
      // A room that is not there is covered by nothing. Rounded down, so that what reads 95.0 is enough.
      const share = sum.total === 0 ? 0 : Math.floor((1000 * sum.covered) / sum.total) / 10;
      if (share < least)
        failures.push(`src/${room}: ${share} % of its ${kind} are covered, expected at least ${least}`);
      return share.toFixed(1);
    });
    table.push(`src/${room.padEnd(12)} ${lines?.padStart(6)}  ${branches?.padStart(8)}`);
  }
  return { table, failures };
}
