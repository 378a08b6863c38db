// `npm test`: installs what the tests need where it may, builds, and runs all tests; with --node24, and in CI, on Node 24 as well.
// Other arguments go to vitest: `npm test -- src/wsgi`. Ends with one plain line of totals.
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

import { ensureBuilt } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";
import { IS_CI, ROOT, run } from "./project.mjs";
import { provide, provideNode24 } from "./provide.mjs";

const RESULTS = join(ROOT, ".cache", "test-results");

/** @typedef {{ passed: number, failed: number, skipped: number }} Totals */

/**
 * @param {string} path - of what vitest's JSON reporter wrote
 * @returns {Totals} a file that could not even be loaded counts as one failed test
 */
function readTotals(path) {
  const report = JSON.parse(readFileSync(path, "utf8"));
  const broken = report.testResults.filter(
    (/** @type {{ status: string, assertionResults: { status: string }[] }} */ file) =>
      file.status === "failed" && !file.assertionResults.some(({ status }) => status === "failed"),
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/**
 * Runs the suite once.
 *
 * @param {string} node - path of the executable
 * @param {string[]} args - for vitest
 * @returns {Promise<Totals>}
 */
async function runSuite(node, args) {
  const report = join(RESULTS, `${process.pid}.json`);
  mkdirSync(RESULTS, { recursive: true });
  rmSync(report, { force: true });
  const vitest = join(ROOT, "node_modules", "vitest", "vitest.mjs");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const path = `${dirname(node)}${delimiter}${process.env.PATH ?? ""}`;
  const code = await run(node, [vitest, "run", ...reporters, ...args], { PATH: path });
  let totals = { passed: 0, failed: 0, skipped: 0 };
  try {
    totals = readTotals(report);
  } catch (error) {
    console.error(`vitest left no report: ${error instanceof Error ? error.message : String(error)}`);
    totals.failed += 1;
  }
  rmSync(report, { force: true });
  // An error outside of any test, an unhandled rejection for example, shows in the exit code only.
  if (code !== 0 && totals.failed === 0) totals.failed = 1;
  return totals;
}

/** @returns {Promise<boolean>} whether all is well */
async function main() {
  const args = process.argv.slice(2).filter((argument) => argument !== "--node24");
  const withNode24 = IS_CI || process.argv.includes("--node24");
  if (!(await ensureInstalled()) || !(await ensureBuilt())) return false;

  const missing = await provide();
  const nodes = [process.execPath];
  const node24 = withNode24 ? await provideNode24() : undefined;
  if (node24 !== undefined && node24 !== process.execPath) nodes.push(node24);
  if (withNode24 && node24 === undefined) missing.push("Node 24 is missing: the tests run on this Node only");
  for (const line of missing) console.log(line);

  const sum = { passed: 0, failed: IS_CI ? missing.length : 0, skipped: 0 };
  for (const node of nodes) {
    const totals = await runSuite(node, args);
    sum.passed += totals.passed;
    sum.failed += totals.failed;
    sum.skipped += totals.skipped;
  }
  if (IS_CI && sum.skipped > 0) {
    console.error(`${sum.skipped} tests were skipped, and CI=true allows none`);
    sum.failed += sum.skipped;
    sum.skipped = 0;
  }
  console.log(`${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ""}`);
  return sum.failed === 0 && sum.passed > 0;
}

process.exitCode = (await main()) ? 0 : 1;
