#!/usr/bin/env node
// @ts-check
// Measures a suite of servers: a table on stdout, progress on stderr, the record and a picture in results/.
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { describeMachine, divideCores } from "./harness/machine.mjs";
import { prepare } from "./harness/prepare.mjs";
import { judge, render } from "./harness/report.mjs";
import { measureWorkload } from "./harness/suite.mjs";
import { requireWrk } from "./harness/wrk.mjs";
import { draw } from "./picture.mjs";
import { writeReadme } from "./readme.mjs";

const HELP = `Usage: node bench/run.mjs [options]

Measures CPU time per request of whole server processes, with wrk as the load.

  --suite NAME         typescript (default) or another one of --list
  --only A,B           only these servers
  --workload A,B       only these workloads
  --rounds N           rounds over all servers (default 5)
  --seconds N          whole seconds of load in each round (default 2)
  --warmup N           whole seconds of load before the first round (default 2), up to four times as
                       long for servers that are slow to answer 15,000 requests; 0 for none
  --as-built           measures dist/ as it is, without installing or building
  --list               names the suites, their servers and workloads
  --help               this text

A run of the whole suite writes bench/results/SUITE.json and SUITE.svg, and its tables in bench/README.md; one narrowed
by --only or --workload writes bench/.cache/SUITE-partial.json and .svg. Exit code 1 tells that a server failed
or a goal was missed.
`;

const bench = fileURLToPath(new URL(".", import.meta.url));

/** A mistake in the command line. */
class UsageError extends Error {}

try {
  process.exitCode = await main();
} catch (error) {
  const isOurs =
    error instanceof UsageError || /** @type {{ code?: string }} */ (error).code?.startsWith("ERR_PARSE_ARGS");
  process.stderr.write(`${error instanceof Error ? (isOurs ? error.message : error.stack) : String(error)}\n`);
  process.exitCode = isOurs ? 2 : 1;
}

/** @returns {Promise<number>} exit code */
async function main() {
  const { values } = parseArgs({
    options: {
      suite: { type: "string", default: "typescript" },
      only: { type: "string" },
      workload: { type: "string" },
      rounds: { type: "string", default: "5" },
      seconds: { type: "string", default: "2" },
      warmup: { type: "string", default: "2" },
      list: { type: "boolean" },
      "as-built": { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return print(HELP);
  const names = readdirSync(`${bench}suites`)
    .filter((name) => name.endsWith(".suite.mjs"))
    .map((name) => name.slice(0, -10));
  if (values.list) return print(await listing(names));
  const suite = await loadSuite(pick("suite", [values.suite], names)[0] ?? "");
  const servers = narrow("server", suite.servers, values.only);
  const workloads = narrow("workload", suite.workloads, values.workload);
  const settings = {
    rounds: count("rounds", values.rounds, 1),
    seconds: count("seconds", values.seconds, 1),
    warmup: count("warmup", values.warmup, 0),
    cores: divideCores(),
  };
  await checkPlace(!values["as-built"]);
  const report = await run(suite, servers, workloads, settings);
  const isWhole = !values.only && !values.workload;
  save(report, isWhole ? `${bench}results` : `${bench}.cache`, isWhole ? suite.id : `${suite.id}-partial`);
  if (isWhole) writeReadme();
  print(render(report));
  const hasFailed = report.workloads.some(({ results }) => results.some(({ state }) => state === "failed"));
  return hasFailed || report.goals.some(({ holds }) => !holds) ? 1 : 0;
}

/**
 * @param {import("./harness/suite.mjs").Suite} suite whose title and goals count
 * @param {import("./harness/suite.mjs").Server[]} servers to measure
 * @param {import("./harness/suite.mjs").Workload[]} workloads to measure
 * @param {import("./harness/report.mjs").Report["settings"]} settings how long and where
 * @returns {Promise<import("./harness/report.mjs").Report>} the record
 */
async function run(suite, servers, workloads, settings) {
  const progress = (/** @type {string} */ line) => void process.stderr.write(`${line}\n`);
  const each = settings.warmup + settings.rounds * settings.seconds;
  progress(`${suite.title}: about ${Math.ceil((servers.length * workloads.length * each) / 60)} minutes of load`);
  const measured = [];
  for (const workload of workloads) {
    const results = await measureWorkload(workload, servers, { ...settings, folder: `${bench}.cache`, progress });
    measured.push({ id: workload.id, title: workload.title, metric: workload.metric ?? "cpu", results });
  }
  return {
    suite: suite.id,
    title: suite.title,
    baseline: suite.baseline,
    date: new Date().toISOString(),
    machine: describeMachine(),
    settings,
    servers: servers.map((server) => ({
      id: server.id,
      label: server.label,
      version: server.missing() ? null : server.version(),
    })),
    workloads: measured,
    goals: judge(suite.goals, measured),
  };
}

/**
 * @param {import("./harness/report.mjs").Report} report the record
 * @param {string} folder where
 * @param {string} name of the files, without ending
 */
function save(report, folder, name) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/${name}.json`, `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(`${folder}/${name}.svg`, draw(report));
}

/**
 * Refuses to start where something is missing.
 *
 * @param {boolean} isPrepared whether to install and build what is missing
 */
async function checkPlace(isPrepared) {
  if (process.platform !== "linux") throw new UsageError("Benchmarks read /proc and therefore run on Linux only");
  try {
    requireWrk();
    if (isPrepared) await prepare();
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** @param {string} name of a suite @returns {Promise<import("./harness/suite.mjs").Suite>} its declaration */
async function loadSuite(name) {
  return (await import(`./suites/${name}.suite.mjs`)).suite;
}

/** @param {string[]} names of suites @returns {Promise<string>} what they hold */
async function listing(names) {
  const suites = await Promise.all(names.map(loadSuite));
  const lines = suites.map(({ id, servers, workloads }) => {
    const absences = servers.map((server) => `  ${server.id.padEnd(18)} ${server.missing() ?? server.label}`);
    return [
      id,
      " servers",
      ...absences,
      " workloads",
      ...workloads.map((each) => `  ${each.id.padEnd(18)} ${each.title}`),
    ].join("\n");
  });
  return `${lines.join("\n")}\n`;
}

/**
 * @template {{ id: string }} T
 * @param {string} kind what they are, for the message
 * @param {T[]} all there are
 * @param {string | undefined} wanted ids between commas; undefined for all
 * @returns {T[]} those wanted
 */
function narrow(kind, all, wanted) {
  if (wanted === undefined) return all;
  const ids = pick(
    kind,
    wanted.split(","),
    all.map(({ id }) => id),
  );
  return all.filter(({ id }) => ids.includes(id));
}

/** @param {string} kind @param {string[]} wanted @param {string[]} known @returns {string[]} the wanted, if all are known */
function pick(kind, wanted, known) {
  const unknown = wanted.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new UsageError(`No ${kind} is called '${unknown}', expected ${known.join(", ")}`);
  return wanted;
}

/** @param {string} name @param {string} text @param {number} least @returns {number} the whole number it says */
function count(name, text, least) {
  const number = Number(text);
  if (Number.isInteger(number) && number >= least) return number;
  throw new UsageError(`--${name} is '${text}', expected a whole number of at least ${least}`);
}

/** @param {string} text for stdout @returns {0} */
function print(text) {
  process.stdout.write(text);
  return 0;
}
