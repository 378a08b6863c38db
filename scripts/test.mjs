// `npm test`: installs what the tests need where it may, builds, and runs all tests; with --node24, and in CI, on Node 24 as well
// (without what no Node can change). In CI the first run measures coverage.
// Other arguments go to vitest: `npm test -- src/wsgi`. Ends with the names of the tests that failed and one plain line of totals.
// In CI, where several files run at a time on a machine that others use too, a file that fails runs once more alone. What passes then is
// named as unsteady, so that it can be mended, and does not fail the run.
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { delimiter, dirname, join, relative } from "node:path";

import { ensureBuilt } from "./build.mjs";
import { COVERAGE_ARGS, readCoverage } from "./coverage.mjs";
import { ensureInstalled } from "./install.mjs";
import { IS_CI, ROOT, run } from "./project.mjs";
import { provide, provideNode } from "./provide.mjs";

const RESULTS = join(ROOT, ".cache", "test-results");
/** More than this is no accident. */
const MOST_UNSTEADY_FILES = 3;

/**
 * What runs on one Node only: its subject is Python (how an interpreter starts and ends, what its frameworks do, which servers its programs
 * find) or Ruby and Perl, another program (a browser, curl, nginx, whose sockets are those of the tests of the engine), text, a rule that is
 * computed (each order of events, how work grows), or an example whose parts have tests of their own. Everything else may meet a Node that
 * behaves differently, and runs on both.
 */
const ON_ONE_NODE = [
  "apps/jsonstore/test/{deployments,postgres*}.test.ts",
  "src/cli/import/*.test.ts",
  "src/guests/lane/lane-interleavings.test.ts",
  "src/middleware/{auth-basic-attack,linear-growth}.test.ts",
  "test/architecture-picture.test.ts",
  "test/check-imports.test.ts",
  "test/cli-completion.test.ts",
  "test/cli-doctor.test.ts",
  "test/cli-drop-in.test.ts",
  "test/cli-import{,-site}.test.ts",
  "test/deploy-docs.test.ts",
  "test/environ-keys.test.ts",
  "test/examples.test.ts",
  "test/framework/{blog,examples}.test.ts",
  "test/guest-comments.test.ts",
  "test/how-to.test.ts",
  "test/engine/{browser,curl,nginx}.test.ts",
  "test/guests/{cgi-conformance,cgi-documentation,cgi-git,documentation,four-languages,php,python-peers,ring,strangler}.test.ts",
  "test/gateways/awkward-requests.test.ts",
  "test/jsonstore/page.test.ts",
  "test/lane/{batches,frameworks,lane-check,php-guest}.test.ts",
  "test/matrix/*.test.ts",
  "test/readme.test.ts",
  "test/settings.test.ts",
  "test/start.test.ts",
  "test/deploy/{config-command,differential,documentation,errors,grammar,ini-command,mixed,openstack,published,secrets-in-errors}.test.ts",
  "test/middleware/*-docs.test.ts",
  "test/newcomers/*.test.ts",
  "test/site/*.test.ts",
  "test/perl/*.test.ts",
  "test/python/{careless,chaos,command,command-targets,django-reload,endings,examples,failures,forced,frameworks,hooks,kill,lingering,loading}.test.ts",
  "test/python/{oracle,other-user,output,script-address,sessions,shim-unittest,starters,stopped,targets,workers}.test.ts",
  "test/ruby/*.test.ts",
  "test/server/{reload-settings,rights}.test.ts",
  "test/watching/{control,logs,python,stats}.test.ts",
];

/**
 * What a run of the suite came to; `failed` has a line for each test that failed, `failedFiles` the files of these tests.
 * @typedef {{ passed: number, failed: string[], failedFiles: string[], skipped: number }} Totals
 */

/**
 * One test file in what vitest's JSON reporter writes.
 * @typedef {{ name: string, status: string, assertionResults: { status: string, fullName: string }[] }} FileReport
 */

/**
 * @param {string} path - of what vitest's JSON reporter wrote
 * @returns {Totals} a file that could not even be loaded counts as one failed test
 */
function readTotals(path) {
  /** @type {{ numPassedTests: number, numPendingTests: number, numTodoTests: number, testResults: FileReport[] }} */
  const report = JSON.parse(readFileSync(path, "utf8"));
  const failing = report.testResults.filter(({ status }) => status === "failed");
  const failed = failing.flatMap(({ name, assertionResults }) => {
    const names = assertionResults.filter(({ status }) => status === "failed").map(({ fullName }) => fullName);
    const file = relative(ROOT, name);
    return names.length === 0 ? [file] : names.map((test) => `${file} > ${test}`);
  });
  return {
    passed: report.numPassedTests,
    failed,
    failedFiles: failing.map(({ name }) => relative(ROOT, name)),
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
  /** @type {Totals} */
  let totals = { passed: 0, failed: [], failedFiles: [], skipped: 0 };
  try {
    totals = readTotals(report);
  } catch (error) {
    totals.failed.push(`vitest left no report: ${error instanceof Error ? error.message : String(error)}`);
  }
  rmSync(report, { force: true });
  // An unhandled rejection, for example.
  if (code !== 0 && totals.failed.length === 0)
    totals.failed.push(`an error outside of any test: vitest exited ${code}`);
  return totals;
}

/**
 * Runs the files of the tests that failed once more, alone.
 *
 * @param {string} node - path of the executable
 * @param {Totals} totals - of the whole suite
 * @returns {Promise<string[]>} lines for the tests that passed now; they are taken out of `totals.failed`
 */
async function tryAgain(node, totals) {
  const { failedFiles } = totals;
  if (failedFiles.length === 0 || failedFiles.length > MOST_UNSTEADY_FILES) return [];
  const again = await runSuite(node, [...failedFiles, "--no-file-parallelism"]);
  if (again.passed === 0) return [];
  const unsteady = totals.failed.filter((line) => !again.failed.includes(line));
  totals.failed = again.failed;
  totals.passed += unsteady.length;
  return unsteady;
}

/** @returns {Promise<boolean>} whether all is well */
async function main() {
  const args = process.argv.slice(2).filter((argument) => argument !== "--node24");
  const withNode24 = IS_CI || process.argv.includes("--node24");
  if (!(await ensureInstalled()) || !(await ensureBuilt())) return false;

  const missing = await provide();
  const nodes = [process.execPath];
  const node24 = withNode24 ? await provideNode(24) : undefined;
  if (node24 !== undefined && node24 !== process.execPath) nodes.push(node24);
  if (withNode24 && node24 === undefined) missing.push("Node 24 is missing: the tests run on this Node only");
  for (const line of missing) console.log(line);

  // All runs' failures stand together at the end: what a run printed is thousands of lines up when the next one ends.
  /** @type {string[]} */
  const failures = [];
  /** @type {string[]} */
  const figures = [];
  const sum = { passed: 0, failed: IS_CI ? missing.length : 0, skipped: 0 };
  for (const [place, node] of nodes.entries()) {
    const left = place === 0 ? [] : ON_ONE_NODE.map((pattern) => `--exclude=${pattern}`);
    const isMeasured = IS_CI && place === 0 && args.length === 0;
    const totals = await runSuite(node, [...args, ...left, ...(isMeasured ? COVERAGE_ARGS : [])]);
    const unsteady = IS_CI ? await tryAgain(node, totals) : [];
    if (isMeasured) {
      const coverage = readCoverage();
      figures.push(...coverage.table);
      totals.failed.push(...coverage.failures);
    }
    sum.passed += totals.passed;
    sum.failed += totals.failed.length;
    sum.skipped += totals.skipped;
    const where = node === node24 ? "Node 24" : `Node ${process.versions.node}`;
    failures.push(
      ...totals.failed.map((line) => `failed on ${where}: ${line}`),
      ...unsteady.map((line) => `unsteady on ${where}, failed and passed alone: ${line}`),
    );
  }
  if (IS_CI && sum.skipped > 0) {
    failures.push(`${sum.skipped} tests were skipped, and CI=true allows none`);
    sum.failed += sum.skipped;
    sum.skipped = 0;
  }
  for (const line of [...figures, ...failures]) console.log(line);
  console.log(`${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ""}`);
  return sum.failed === 0 && sum.passed > 0;
}

process.exitCode = (await main()) ? 0 : 1;
