// @ts-check
// The record of a run: what is written to results/, how it reads on a terminal, and which goals hold.
import { table } from "./table.mjs";

const NOISE_WORTH_A_WARNING = 0.1;

/**
 * @typedef {object} Goal
 * @property {number} ratio what was measured
 * @property {boolean} holds
 */

/**
 * @typedef {object} Report
 * @property {string} suite
 * @property {string} title
 * @property {string} baseline
 * @property {string} date ISO 8601
 * @property {ReturnType<typeof import("./machine.mjs").describeMachine>} machine
 * @property {{ rounds: number, seconds: number, warmup: number, cores: { load: number, server: number } | null }} settings
 * @property {{ id: string, label: string, version: string | null }[]} servers
 * @property {{ id: string, title: string, metric: "cpu" | "latency", results: import("./suite.mjs").Result[] }[]} workloads
 * @property {(import("./suite.mjs").Goal & Goal)[]} goals those whose servers were both measured
 */

/**
 * Compares the medians of two servers with each goal.
 *
 * @param {import("./suite.mjs").Goal[]} goals of the suite
 * @param {Report["workloads"]} workloads measured
 * @returns {Report["goals"]} the goals that can be judged
 */
export function judge(goals, workloads) {
  return goals.flatMap((goal) => {
    const results = workloads.find(({ id }) => id === goal.workload)?.results ?? [];
    const figure = goal.figure ?? "cpu";
    const ratio = medianOf(results, goal.server, figure) / medianOf(results, goal.against, figure);
    return Number.isFinite(ratio) ? [{ ...goal, ratio, holds: ratio <= goal.atMost }] : [];
  });
}

/**
 * Writes a report for a terminal.
 *
 * @param {Report} report the record
 * @returns {string} text with tables
 */
export function render(report) {
  const label = new Map(report.servers.map((server) => [server.id, server.label]));
  const versions = report.servers.map((server) => `${server.label} ${server.version ?? "-"}`).join(", ");
  const { rounds, seconds, warmup, cores } = report.settings;
  const pinning = cores ? `server on core ${cores.server}, load on core ${cores.load}` : "nothing pinned to a core";
  const parts = [
    `${report.title}, ${report.date.slice(0, 10)}, ${report.machine.cpu} (${report.machine.cores} cores), ${report.machine.kernel}`,
    `${rounds} rounds of ${seconds} s after ${warmup} s of warming up; ${pinning}`,
    versions,
  ];
  for (const workload of report.workloads)
    parts.push(`\n${workload.title}\n${renderWorkload(workload, report.baseline, label)}`);
  for (const goal of report.goals) {
    const name = `${goal.workload}${goal.figure === undefined ? "" : ` ${goal.figure}`}: ${label.get(goal.server)} / ${label.get(goal.against)}`;
    const verdict = goal.holds ? "holds" : "MISSED";
    parts.push(`Goal ${name}: ${goal.ratio.toFixed(2)}, at most ${goal.atMost}, aim ${goal.aim}: ${verdict}`);
  }
  return `${parts.map((part) => part.trimEnd()).join("\n")}\n`;
}

/**
 * @param {Report["workloads"][number]} workload measured
 * @param {string} baseline id of the server that ratios refer to
 * @param {Map<string, string>} label by id
 * @returns {string} a table, and the lines that cannot be in it
 */
function renderWorkload({ metric, results }, baseline, label) {
  const base = medianOf(results, baseline, "cpu");
  const baseRate = results.find(({ server }) => server === baseline)?.figures?.requestsPerSecond.median ?? Number.NaN;
  const name = (/** @type {import("./suite.mjs").Result} */ { server }) => label.get(server) ?? server;
  const rows = results.flatMap((result) => {
    const { figures, failures = 0 } = result;
    if (!figures) return [];
    const { cpu, requestsPerSecond, p50, p99 } = figures;
    const ratio = metric === "cpu" ? cpu.median / base : requestsPerSecond.median / baseRate;
    return [
      [
        name(result),
        ...(metric === "cpu" ? [cpu.median.toFixed(2), `${cpu.min.toFixed(2)} … ${cpu.max.toFixed(2)}`] : []),
        Number.isFinite(ratio) ? `${ratio.toFixed(2)}×` : "-",
        whole(requestsPerSecond.median),
        p50.median.toFixed(2),
        p99.median.toFixed(2),
        [...(failures === 0 ? [] : [`${failures} failed`]), ...(starving(result) ?? [])].join(", "),
      ],
    ];
  });
  const cpuColumns = metric === "cpu" ? ["CPU µs/request", "least … most"] : [];
  const ratioColumn = metric === "cpu" ? "ratio" : "ratio of rates";
  const heading = ["server", ...cpuColumns, ratioColumn, "requests/s", "p50 ms", "p99 ms", ""];
  const absent = results
    .filter(({ state }) => state !== "measured")
    .map((result) => `${name(result)}: ${result.state}: ${result.reason}\n`);
  const noise = Math.max(0, ...results.map(({ foreign = 0 }) => foreign));
  const warning = `Noisy: other processes used up to ${(noise * 100).toFixed(0)} % of a core during a round\n`;
  return table([heading, ...rows]) + absent.join("") + (noise > NOISE_WORTH_A_WARNING ? warning : "");
}

/**
 * Writes a figure for a reader.
 *
 * @param {number} value a figure
 * @returns {string} with three digits
 */
export function short(value) {
  return value >= 100 ? whole(value) : value.toPrecision(3).replace(/^(\d+\.\d\d)\d+$/, "$1");
}

/**
 * Writes a count for a reader.
 *
 * @param {number} value a count
 * @returns {string} without a fraction, thousands apart
 */
export function whole(value) {
  return Math.round(value).toLocaleString("en-US");
}

/**
 * Tells whether a server left clients waiting that had opened a connection.
 *
 * @param {import("./suite.mjs").Result} result of a server
 * @returns {[string] | null} what to say about it
 */
export function starving({ served, clients }) {
  return served === undefined || clients === undefined || served >= clients
    ? null
    : [`serves ${served} of ${clients} clients`];
}

/**
 * @param {import("./suite.mjs").Result[]} results of a workload
 * @param {string} id of a server
 * @param {"cpu" | "p99"} figure
 * @returns {number} NaN where it was not measured
 */
function medianOf(results, id, figure) {
  return results.find(({ server }) => server === id)?.figures?.[figure].median ?? Number.NaN;
}
