// @ts-check
// The load generator: wrk, given each request as a small Lua script, so that the request checked is the request measured.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { answerOf, pinned } from "./machine.mjs";

const REPORT = "bench-report ";

/**
 * A request to repeat.
 *
 * @typedef {object} LoadRequest
 * @property {string} method
 * @property {string} path
 * @property {Record<string, string>} [headers]
 * @property {string} [body] ASCII
 */

/**
 * What wrk saw.
 *
 * @typedef {object} LoadReport
 * @property {number} requests answered
 * @property {number} seconds
 * @property {number} bytes received
 * @property {number} failures socket errors, timeouts and statuses above 399
 * @property {number} p50 milliseconds
 * @property {number} p99 milliseconds
 */

/** Throws unless wrk is there. */
export function requireWrk() {
  if (answerOf("sh", ["-c", "command -v wrk"])) return;
  throw new Error("Benchmarks need 'wrk', which is not in PATH; install it (Debian, Ubuntu: apt-get install wrk)");
}

/**
 * Loads a server until the time is over.
 *
 * @param {object} options
 * @param {number} options.port on the loopback
 * @param {LoadRequest} options.request what to send
 * @param {number} options.connections kept open (or opened again where the server closes them)
 * @param {number} options.seconds how long
 * @param {number | undefined} options.core the only core that wrk may use; undefined for any
 * @param {string} options.folder where the script may be written
 * @returns {Promise<LoadReport>} the figures
 */
export async function load({ port, request, connections, seconds, core, folder }) {
  mkdirSync(folder, { recursive: true });
  const script = join(folder, `wrk-${process.pid}-${port}-${request.path.replaceAll(/\W/g, "_")}.lua`);
  writeFileSync(script, luaScript(request));
  const [program = "", ...args] = pinned(core, [
    "wrk",
    "--latency",
    "-t1",
    `-c${connections}`,
    `-d${seconds}s`,
    "--timeout",
    "10s",
    "-s",
    script,
    `http://127.0.0.1:${port}${request.path}`,
  ]);
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  const abandon = () => {
    child.kill();
    rmSync(script, { force: true });
  };
  process.once("exit", abandon);
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (output += chunk));
  await once(child, "close");
  process.off("exit", abandon);
  rmSync(script);
  return parseReport(output);
}

/**
 * Reads the line that our script makes wrk print.
 *
 * @param {string} output all that wrk printed
 * @returns {LoadReport} the figures
 */
export function parseReport(output) {
  const line = output.split("\n").find((each) => each.startsWith(REPORT));
  if (!line) throw new Error(`wrk gave no report, it said: ${output.trim()}`);
  const [requests = 0, microseconds = 0, bytes = 0, failures = 0, p50 = 0, p99 = 0] = line
    .slice(REPORT.length)
    .split(" ")
    .map(Number);
  return { requests, seconds: microseconds / 1e6, bytes, failures, p50: p50 / 1000, p99: p99 / 1000 };
}

/**
 * Writes the script. It sets the request once, so that wrk formats it once, and reports in one line at the end.
 *
 * @param {LoadRequest} request what to send
 * @returns {string} Lua
 */
function luaScript({ method, headers = {}, body }) {
  const quote = (/** @type {string} */ text) => JSON.stringify(text);
  return [
    `wrk.method = ${quote(method)}`,
    ...Object.entries(headers).map(([name, value]) => `wrk.headers[${quote(name)}] = ${quote(value)}`),
    ...(body === undefined ? [] : [`wrk.body = ${quote(body)}`]),
    "function done(summary, latency)",
    "  local e = summary.errors",
    `  print(string.format("${REPORT}%d %d %d %d %d %d", summary.requests, summary.duration, summary.bytes,`,
    "    e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(50), latency:percentile(99)))",
    "end",
    "",
  ].join("\n");
}
