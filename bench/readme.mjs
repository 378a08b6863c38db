#!/usr/bin/env node
// @ts-check
// Writes the tables of bench/README.md from the records in results/; with --check only tells whether they are up to date (exit code
// 1 when they are not). `npm run generate` runs it.
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

import { short, starving, whole } from "./harness/report.mjs";

const README = new URL("README.md", import.meta.url);

/** The comments between which the table of a suite stands. */
const PLACE = /(<!-- bench:([\w-]+) -->\n)[^]*?(<!-- \/bench -->)/g;

/** @typedef {import("./harness/report.mjs").Report} Report */
/** @typedef {Report["workloads"][number]} Workload */

/**
 * Puts the newest figures into a page.
 *
 * @param {string} page with a pair of comments, `<!-- bench:SUITE -->` and `<!-- /bench -->`, for each suite that it shows
 * @returns {string} the page with the tables
 */
export function withTables(page) {
  return page.replaceAll(PLACE, (_, start, suite, end) => {
    const record = new URL(`results/${suite}.json`, import.meta.url);
    return `${start}\n${tablesOf(JSON.parse(readFileSync(record, "utf8")))}\n${end}`;
  });
}

/** Brings the page up to date. */
export function writeReadme() {
  writeFileSync(README, withTables(readFileSync(README, "utf8")));
}

/** @param {Report} report @returns {string} Markdown: one table of what costs CPU time, one of what waits */
function tablesOf(report) {
  const { date, machine, settings } = report;
  const about = `${date.slice(0, 10)}, ${machine.cpu}, ${machine.cores} cores, Node ${machine.node.slice(1)}; medians of ${settings.rounds} rounds.`;
  const cpu = report.workloads.filter(({ metric }) => metric === "cpu");
  const latency = report.workloads.filter(({ metric }) => metric === "latency");
  return [
    tableOf("CPU µs per request · requests/s", report, cpu, ({ cpu: time, requestsPerSecond: rate }) =>
      [short(time.median), whole(rate.median)].join(" · "),
    ),
    tableOf("p50 · p99 in ms · requests/s", report, latency, ({ p50, p99, requestsPerSecond: rate }) =>
      [short(p50.median), short(p99.median), whole(rate.median)].join(" · "),
    ),
    `${about}\n`,
  ]
    .filter((part) => part !== "")
    .join("\n");
}

/**
 * @param {string} corner what the figures are
 * @param {Report} report the record
 * @param {Workload[]} workloads a column each
 * @param {(figures: NonNullable<Workload["results"][number]["figures"]>) => string} cell how figures are written
 * @returns {string} a Markdown table with a row for each server
 */
function tableOf(corner, { servers }, workloads, cell) {
  if (workloads.length === 0) return "";
  /** @type {Map<string, string[]>} */
  const starved = new Map();
  const rows = servers.map(({ id, label, version }) => [
    version === null || label.startsWith("TSGI") ? label : `${label} ${version.replace(/^v|-.*$/g, "")}`,
    ...workloads.map(({ results }) => {
      const result = results.find(({ server }) => server === id);
      if (!result?.figures) return "–";
      const starves = starving(result);
      if (starves === null) return cell(result.figures);
      starved.set(label, [...new Set([...(starved.get(label) ?? []), ...starves])]);
      return `${cell(result.figures)} \\*`;
    }),
  ]);
  const head = [corner, ...workloads.map(({ title }) => title)];
  const rule = ["---", ...workloads.map(() => "--:")];
  const notes = [...starved].map(
    ([label, how]) => `\\* ${label} ${how.join(", ")}: the others wait, and are not in the figures.\n`,
  );
  return [[head, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |\n`).join(""), ...notes].join("\n");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const page = readFileSync(README, "utf8");
  if (!process.argv.includes("--check")) writeReadme();
  else if (withTables(page) !== page) {
    process.stderr.write("bench/README.md does not show the newest results\n");
    process.exitCode = 1;
  }
}
