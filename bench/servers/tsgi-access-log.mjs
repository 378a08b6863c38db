// @ts-check
// TSGI's server with an access log that is switched on and off many times a second, so that requests with it and requests without it meet
// the same process, the same compiled code and the same mood of the machine: two equal processes differ by more than a log costs.
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

import { createJiti } from "jiti";

import { application } from "../apps/app.js";

const SLICE_MILLISECONDS = 60;
const WARMING_MILLISECONDS = 4000;
/** So many without a request are a fault, not a pause. */
const SILENT_SLICES = 50;

const { makeServer } = await import(new URL("../../dist/server/index.js", import.meta.url).href);
const source = createJiti(import.meta.url);
/** @type {typeof import("../../src/server/logging/open-logs.ts")} */
const { openLogs } = await source.import("../../src/server/logging/open-logs.ts");
/** @type {typeof import("../../src/server/logging/access-log.ts")} */
const { DEFAULT_ACCESS_LOG_FORMAT } = await source.import("../../src/server/logging/access-log.ts");

const logs = openLogs({
  errorLogfile: "-",
  logLevel: "info",
  captureOutput: false,
  syslog: false,
  syslogAddr: "",
  syslogFacility: "user",
  syslogPrefix: null,
  procName: null,
  accessLogfile: process.env.ACCESS_LOG ?? "/dev/null",
  accessLogStyle: process.env.ACCESS_LOG_FORMAT === "json" ? "json" : "gunicorn",
  accessLogformat: DEFAULT_ACCESS_LOG_FORMAT,
});

let requests = 0;
let isLogging = false;
/** @param {import("../../src/gateways/access-entry.ts").AccessEntry} entry of a request that is over */
function accessLog(entry) {
  requests += 1;
  if (isLogging) logs.logAccess?.(entry);
}

const server = makeServer("127.0.0.1", Number(process.env.PORT), application, { accessLog });
await server.listen();
process.send?.({ isListening: true });
const [order] = await once(process, "message");
process.send?.(await compare(order.seconds));

/**
 * Switches the log on and off in turn.
 *
 * @param {number} seconds how long
 * @returns {Promise<{ microseconds: number[], ratios: number[] }>} CPU time of a request without the log, by slice; and what one with
 *   the log took, divided by the mean of the slices before and after
 */
async function compare(seconds) {
  const microseconds = [];
  const ratios = [];
  const begin = performance.now() + WARMING_MILLISECONDS;
  while (performance.now() < begin) await measure(!isLogging);
  const end = begin + seconds * 1000;
  let before = await measure(false);
  while (performance.now() < end) {
    const withLog = await measure(true);
    const after = await measure(false);
    microseconds.push(after);
    ratios.push((2 * withLog) / (before + after));
    before = after;
  }
  return { microseconds, ratios };
}

/** @param {boolean} on whether to log @returns {Promise<number>} microseconds of CPU time for each request of one slice */
async function measure(on) {
  isLogging = on;
  // A busy machine may take wrk away for a whole slice; such a slice is measured again.
  for (let attempt = 0; attempt < SILENT_SLICES; attempt += 1) {
    requests = 0;
    const start = process.cpuUsage();
    await sleep(SLICE_MILLISECONDS);
    const { user, system } = process.cpuUsage(start);
    if (requests > 0) return (user + system) / requests;
  }
  throw new Error(`No request came for ${SILENT_SLICES} slices; is wrk running?`);
}
