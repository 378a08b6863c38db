// @ts-check
// What a suite is (servers × workloads, declared in suites/), and how it is measured: per workload every server is started
// and checked, then the rounds go over the servers in turn (A B C A B C), so that a slow minute of the machine hits all.
import { setTimeout as sleep } from "node:timers/promises";

import { readUsage } from "./machine.mjs";
import { cpuBetween, readCpu } from "./process-tree.mjs";
import { startServer } from "./server-process.mjs";
import { summarise } from "./statistics.mjs";
import { countServed, verify } from "./verify.mjs";
import { load } from "./wrk.mjs";

const DEFAULT_CONNECTIONS = 32;
const PAUSE_MILLISECONDS = 50;
const WARMING_REQUESTS = 15_000;
const WARMING_PASSES = 4;

/**
 * @typedef {object} Server
 * @property {string} id name for --only and the record
 * @property {string} label what readers call it
 * @property {(workload?: Workload) => string | null} missing says why it cannot run here, or not for this workload; null when it can
 * @property {() => string | null} version of the program or package
 * @property {(workload: Workload) => UpstreamCommand | null} [upstream] what it passes requests on to; null for nothing
 * @property {boolean} [countsUpstream] whether the CPU time of the upstream is counted, too
 * @property {(place: { port: number, workload: Workload, upstreamPort: number }) => import("./server-process.mjs").Command} command starts it;
 *   the port of the upstream is 0 without one
 */

/** @typedef {(port: number) => import("./server-process.mjs").Command} UpstreamCommand */

/**
 * @typedef {object} Workload
 * @property {string} id name for --workload and the record
 * @property {string} title what readers call it
 * @property {import("./wrk.mjs").LoadRequest} request what is sent
 * @property {import("./verify.mjs").Expected} expected the right answer
 * @property {number} [connections] of the load generator; 32 by default
 * @property {"cpu" | "latency"} [metric] what the picture and the ratios are about; CPU per request by default
 * @property {{ request: import("./wrk.mjs").LoadRequest, connections: number }} [background] a second load at the same time
 * @property {string} [app] which application the server shall load, where the suite has several
 * @property {number} [threads] requests that the server shall be able to work on at once, where it asks for a number
 */

/**
 * @typedef {object} Goal
 * @property {string} workload
 * @property {string} server
 * @property {string} against the server it is compared with
 * @property {number} atMost the ratio that must not be passed
 * @property {number} aim the ratio we would like
 * @property {"cpu" | "p99"} [figure] what is compared; CPU time per request unless it says otherwise
 */

/**
 * @typedef {object} Suite
 * @property {string} id
 * @property {string} title
 * @property {string} baseline the server that ratios refer to
 * @property {Server[]} servers
 * @property {Workload[]} workloads
 * @property {Goal[]} goals
 */

/**
 * @typedef {object} Settings
 * @property {number} rounds
 * @property {number} seconds of each round
 * @property {number} warmup seconds before the first round, up to four times as long for slow servers
 * @property {{ load: number, server: number } | null} cores
 * @property {string} folder for scripts
 * @property {(line: string) => void} progress
 */

/**
 * One round of one server.
 *
 * @typedef {object} Round
 * @property {number} cpu microseconds of CPU time per request
 * @property {number} requestsPerSecond
 * @property {number} p50 milliseconds
 * @property {number} p99 milliseconds
 * @property {number} requests
 * @property {number} failures
 * @property {"schedstat" | "stat"} source of the CPU time
 * @property {number} foreign cores that were busy with neither the server nor the load
 */

/**
 * What came of one server under one workload.
 *
 * @typedef {object} Result
 * @property {string} server
 * @property {"measured" | "missing" | "failed"} state
 * @property {string} [reason] why there are no figures
 * @property {Record<"cpu" | "requestsPerSecond" | "p50" | "p99", import("./statistics.mjs").Summary>} [figures]
 * @property {number} [failures] requests that failed, in all rounds
 * @property {number} [foreign] cores that others kept busy, in the worst round
 * @property {number} [headBytes] about the size of the answer's head
 * @property {boolean} [isKeptAlive] whether connections are used again
 * @property {number} [clients] connections of the load
 * @property {number} [served] how many of so many clients with open connections were answered at all
 * @property {Round[]} [rounds]
 */

/**
 * Measures one workload on all servers.
 *
 * @param {Workload} workload what to do
 * @param {Server[]} servers who shall do it
 * @param {Settings} settings how long and where
 * @returns {Promise<Result[]>} one result for each server, in their order
 */
export async function measureWorkload(workload, servers, settings) {
  const stands = await prepare(workload, servers, settings);
  try {
    for (let round = 1; round <= settings.rounds; round += 1) {
      for (const stand of stands) await nextRound(stand, workload, settings, round);
    }
  } finally {
    await Promise.all(stands.map(closeStand));
  }
  return stands.map(({ result, rounds }) => (result.state === "measured" ? withFigures(result, rounds) : result));
}

/**
 * A server while its workload is measured.
 *
 * @typedef {object} Stand
 * @property {Server} server
 * @property {import("./server-process.mjs").ServerProcess | null} process
 * @property {import("./server-process.mjs").ServerProcess | null} upstream
 * @property {Result} result
 * @property {Round[]} rounds
 */

/**
 * Starts, checks and warms the servers up; those that fail stay in the list with the reason.
 *
 * @param {Workload} workload what to do
 * @param {Server[]} servers who shall do it
 * @param {Settings} settings how long and where
 * @returns {Promise<Stand[]>} all of them
 */
async function prepare(workload, servers, settings) {
  /** @type {Stand[]} */
  const stands = [];
  for (const server of servers) {
    const stand = await openStand(workload, server, settings);
    stands.push(stand);
    const { state, reason } = stand.result;
    if (state !== "measured") settings.progress(`${workload.id}: ${server.label}: ${state}: ${reason}`);
    else await warmUp(stand, workload, settings);
  }
  return stands;
}

/**
 * Loads a server until its code is compiled: slow servers need more seconds for as many requests.
 *
 * @param {Stand} stand whose process is loaded
 * @param {Workload} workload what to do
 * @param {Settings} settings how long at least, and where
 */
async function warmUp(stand, workload, settings) {
  const mostPasses = workload.metric === "latency" ? 1 : WARMING_PASSES;
  let requests = 0;
  for (let pass = 0; pass < mostPasses && requests < WARMING_REQUESTS; pass += 1) {
    requests += (await loadOnce(stand, workload, settings, settings.warmup))?.requests ?? WARMING_REQUESTS;
  }
}

/**
 * @param {Workload} workload what to do
 * @param {Server} server who shall do it
 * @param {Settings} settings how long and where
 * @returns {Promise<Stand>} a running server that answers rightly, or the reason why not
 */
async function openStand(workload, server, settings) {
  const missing = server.missing(workload);
  if (missing) return closedStand(server, "missing", missing);
  const core = settings.cores?.server;
  /** @type {import("./server-process.mjs").ServerProcess | null} */
  let upstream = null;
  /** @type {import("./server-process.mjs").ServerProcess | null} */
  let started = null;
  try {
    const upstreamCommand = server.upstream?.(workload);
    if (upstreamCommand) upstream = await startServer(upstreamCommand, core);
    const upstreamPort = upstream?.port ?? 0;
    started = await startServer((port) => server.command({ port, workload, upstreamPort }), core);
    const { problem, headBytes, isKeptAlive } = await verify(started.port, workload.request, workload.expected);
    if (problem) throw new Error(`Wrong answer: ${problem}`);
    const clients = workload.connections ?? DEFAULT_CONNECTIONS;
    const served = await countServed(started.port, workload.request, clients);
    /** @type {Result} */
    const result = { server: server.id, state: "measured", headBytes, isKeptAlive, clients, served };
    return { server, process: started, upstream, result, rounds: [] };
  } catch (error) {
    await closeStand({ process: started, upstream });
    return closedStand(server, "failed", error instanceof Error ? error.message : String(error));
  }
}

/**
 * @param {Server} server who
 * @param {"missing" | "failed"} state what came of it
 * @param {string} reason why
 * @returns {Stand} one without a process
 */
function closedStand(server, state, reason) {
  return { server, process: null, upstream: null, result: { server: server.id, state, reason }, rounds: [] };
}

/** @param {Pick<Stand, "process" | "upstream">} stand whose processes are ended */
async function closeStand({ process, upstream }) {
  await process?.stop();
  await upstream?.stop();
}

/**
 * Runs one round on one server, and takes the server out when it does not survive it.
 *
 * @param {Stand} stand whose
 * @param {Workload} workload what to do
 * @param {Settings} settings how long and where
 * @param {number} number of the round, from 1
 */
async function nextRound(stand, workload, settings, number) {
  if (stand.result.state !== "measured") return;
  const round = await loadOnce(stand, workload, settings, settings.seconds);
  const name = `${workload.id}: round ${number}/${settings.rounds}: ${stand.server.label}`;
  if (round === null || round.requests === 0 || stand.process?.ended) {
    const reason = stand.process?.ended ? `Server ended with ${stand.process.ended}` : "Server answered no request";
    stand.result = { server: stand.server.id, state: "failed", reason };
    settings.progress(`${name}: failed: ${reason}`);
    return;
  }
  stand.rounds.push(round);
  const rate = Math.round(round.requestsPerSecond);
  settings.progress(
    `${name}: ${round.cpu.toFixed(2)} µs CPU per request, ${rate} requests/s, p99 ${round.p99.toFixed(2)} ms`,
  );
}

/**
 * @param {Stand} stand whose process is loaded
 * @param {Workload} workload what to do
 * @param {Settings} settings where
 * @param {number} seconds how long; 0 does nothing
 * @returns {Promise<Round | null>} what was measured; null without a process or time
 */
async function loadOnce(stand, workload, { cores, folder }, seconds) {
  if (!stand.process || seconds <= 0) return null;
  await sleep(PAUSE_MILLISECONDS);
  const common = { port: stand.process.port, seconds, core: cores?.load, folder };
  const counted = [stand.process, stand.server.countsUpstream ? stand.upstream : null].filter((each) => each !== null);
  const before = counted.map(({ pid }) => readCpu(pid));
  const usageBefore = readUsage();
  const startedAt = performance.now();
  const [report] = await Promise.all([
    load({ ...common, request: workload.request, connections: workload.connections ?? DEFAULT_CONNECTIONS }),
    workload.background ? load({ ...common, ...workload.background }) : null,
  ]);
  const elapsed = (performance.now() - startedAt) / 1000;
  const used = counted.map(({ pid }, index) => cpuBetween(before[index], readCpu(pid)));
  const nanoseconds = used.reduce((sum, each) => sum + each.nanoseconds, 0);
  const usage = readUsage();
  const ours = usage.children - usageBefore.children + nanoseconds / 1e9;
  return {
    cpu: nanoseconds / 1000 / report.requests,
    requestsPerSecond: report.requests / report.seconds,
    p50: report.p50,
    p99: report.p99,
    requests: report.requests,
    failures: report.failures,
    source: used.every(({ source }) => source === "schedstat") ? "schedstat" : "stat",
    foreign: Math.max(0, (usage.machine - usageBefore.machine - ours) / elapsed),
  };
}

/**
 * @param {Result} result without figures
 * @param {Round[]} rounds at least one
 * @returns {Result} with medians, least and greatest
 */
function withFigures(result, rounds) {
  const over = (/** @type {"cpu" | "requestsPerSecond" | "p50" | "p99"} */ key) =>
    summarise(rounds.map((round) => round[key]));
  return {
    ...result,
    figures: { cpu: over("cpu"), requestsPerSecond: over("requestsPerSecond"), p50: over("p50"), p99: over("p99") },
    failures: rounds.reduce((sum, round) => sum + round.failures, 0),
    foreign: Math.max(...rounds.map((round) => round.foreign)),
    rounds,
  };
}
