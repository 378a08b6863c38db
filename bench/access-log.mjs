#!/usr/bin/env node
// @ts-check
// Measures what the access log adds to the CPU time of the smallest request.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { runCommand, writeRecord } from "./harness/command.mjs";
import { divideCores, pinned } from "./harness/machine.mjs";
import { prepare } from "./harness/prepare.mjs";
import { freePort } from "./harness/server-process.mjs";
import { summarise } from "./harness/statistics.mjs";
import { table } from "./harness/table.mjs";
import { load, requireWrk } from "./harness/wrk.mjs";

const HELP = `Usage: node bench/access-log.mjs [--rounds N] [--seconds N] [--as-built]

Loads a server that says hello and switches its access log on and off every 60 ms; reports what a line adds to the CPU time of a
request, for both forms of the log, in rounds (default 5, each a process of its own) of 20 seconds.
A full run writes bench/results/access-log.json. Exit code 1: gunicorn's form adds more than 5 %.
`;
const GOAL_PERCENT = 5;
const FULL = { rounds: 5, seconds: 20 };
const FORMATS = ["gunicorn", "json"];
const CONNECTIONS = 32;
/** What workers set for themselves. */
const WORKER_FLAG = "--no-allocation-site-pretenuring";
/** wrk begins before the server warms itself, and ends after its last slice. */
const SPARE_SECONDS = 6;

const bench = fileURLToPath(new URL(".", import.meta.url));
const cache = `${bench}.cache`;

await runCommand(main);

/** @returns {Promise<number>} exit code */
async function main() {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: String(FULL.rounds) },
      seconds: { type: "string", default: String(FULL.seconds) },
      "as-built": { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const rounds = Number(values.rounds);
  const seconds = Number(values.seconds);
  if (!(rounds >= 1 && seconds >= 1)) {
    process.stderr.write("--rounds and --seconds expect whole numbers of at least 1\n");
    return 2;
  }
  requireWrk();
  if (!values["as-built"]) await prepare();
  /** @type {Map<string, { addedPercent: number[], microseconds: number[] }>} */
  const series = new Map(FORMATS.map((format) => [format, { addedPercent: [], microseconds: [] }]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const [format, figures] of series) {
      const { microseconds, ratios } = await measure(format, seconds);
      const added = (summarise(ratios).median - 1) * 100;
      figures.addedPercent.push(added);
      figures.microseconds.push(summarise(microseconds).median);
      process.stderr.write(`access-log: round ${round}/${rounds}: ${format}: ${added.toFixed(1)} %\n`);
    }
  }
  return report(series, { rounds, seconds });
}

/**
 * @param {string} format of the log
 * @param {number} seconds how long
 * @returns {Promise<{ microseconds: number[], ratios: number[] }>} see servers/tsgi-access-log.mjs
 */
async function measure(format, seconds) {
  mkdirSync(cache, { recursive: true });
  const file = `${cache}/access.log`;
  const cores = divideCores();
  const port = await freePort();
  const [program = "", ...args] = pinned(cores?.server, [
    process.execPath,
    WORKER_FLAG,
    `${bench}servers/tsgi-access-log.mjs`,
  ]);
  const server = spawn(program, args, {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    env: { ...process.env, PORT: String(port), ACCESS_LOG: file, ACCESS_LOG_FORMAT: format },
  });
  const ended = once(server, "exit").then(([code]) => {
    throw new Error(`The server ended with exit code ${code}`);
  });
  try {
    await Promise.race([once(server, "message"), ended]);
    const request = { method: "GET", path: "/hello" };
    const loaded = load({
      port,
      request,
      connections: CONNECTIONS,
      seconds: seconds + SPARE_SECONDS,
      core: cores?.load,
      folder: cache,
    });
    server.send({ seconds });
    const [[figures], { failures }] = await Promise.all([Promise.race([once(server, "message"), ended]), loaded]);
    if (failures > 0) throw new Error(`${failures} requests failed`);
    return figures;
  } finally {
    server.kill();
    rmSync(file, { force: true });
  }
}

/**
 * @param {Map<string, { addedPercent: number[], microseconds: number[] }>} series by form of the log
 * @param {{ rounds: number, seconds: number }} run what was done
 * @returns {number} exit code
 */
function report(series, run) {
  const results = [...series].map(([format, { addedPercent, microseconds }]) => ({
    format,
    addedPercent: summarise(addedPercent),
    microsecondsWithout: summarise(microseconds),
    values: addedPercent,
  }));
  const rows = results.map(({ format, addedPercent: { median, min, max } }) => [
    format,
    median.toFixed(1),
    `${min.toFixed(1)} … ${max.toFixed(1)}`,
  ]);
  process.stdout.write(`Access log, hello\n${table([["form", "% more CPU time", "least … most"], ...rows])}`);
  const ours = results.find(({ format }) => format === "gunicorn")?.addedPercent.median ?? Number.NaN;
  const holds = ours <= GOAL_PERCENT;
  process.stdout.write(
    `Goal gunicorn: ${ours.toFixed(1)} %, at most ${GOAL_PERCENT} %: ${holds ? "holds" : "MISSED"}\n`,
  );
  const isFull = run.rounds >= FULL.rounds && run.seconds >= FULL.seconds;
  writeRecord("access-log", isFull, { ...run, goalPercent: GOAL_PERCENT, holds, results });
  return holds ? 0 : 1;
}
