#!/usr/bin/env node
// @ts-check
// Measures how far resident memory rises while much passes through: a large upload, a large download, a client that reads slowly.
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { runCommand, writeRecord } from "./harness/command.mjs";
import { prepare } from "./harness/prepare.mjs";
import { readResidentBytes } from "./harness/process-tree.mjs";
import { startServer } from "./harness/server-process.mjs";
import { table } from "./harness/table.mjs";
import { application, tsgi } from "./suites/tsgi-command.mjs";

const HELP = `Usage: node bench/memory.mjs [--percent N] [--only A,B] [--as-built]

Sends 1 GB up, 1 GB down and 100 MB to a client that reads 5 MB/s, through tsgi and node-http, and reports the highest
resident memory above that at the start. --percent 2 transfers 2 % of these sizes, to try it out.
A full run writes bench/results/memory.json. Exit code 1: TSGI rose by more than 60 MB, or a transfer failed.
`;
const MEGABYTE = 1024 * 1024;
const GOAL_MEGABYTES = 60;
const SAMPLE_MILLISECONDS = 50;
const SLOW_BYTES_PER_SECOND = 5 * MEGABYTE;
const WARMING_REQUESTS = 200;
const BLOCK = Buffer.alloc(64 * 1024, "u");

const bench = fileURLToPath(new URL(".", import.meta.url));

/** @type {Record<string, (port: number) => string[]>} */
const SERVERS = {
  tsgi: (port) => tsgi(application, port),
  "node-http": () => [process.execPath, `${bench}servers/node-http.mjs`],
};

/** @type {{ name: string, megabytes: number, run: (port: number, bytes: number) => Promise<number> }[]} */
const TRANSFERS = [
  { name: "upload", megabytes: 1024, run: upload },
  { name: "download", megabytes: 1024, run: (port, bytes) => download(port, bytes, Infinity) },
  { name: "slow download", megabytes: 100, run: (port, bytes) => download(port, bytes, SLOW_BYTES_PER_SECOND) },
];

/**
 * @typedef {object} Result
 * @property {string} server
 * @property {string} transfer
 * @property {number} bytes to transfer
 * @property {number} [seconds]
 * @property {number} [startBytes] resident memory before
 * @property {number} [riseBytes] highest resident memory above that
 * @property {string} [reason] why there are no figures
 */

await runCommand(main);

/** @returns {Promise<number>} exit code */
async function main() {
  const { values } = parseArgs({
    options: {
      percent: { type: "string", default: "100" },
      only: { type: "string" },
      "as-built": { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const names = values.only?.split(",") ?? Object.keys(SERVERS);
  const unknown = names.find((name) => !SERVERS[name]);
  const percent = Number(values.percent);
  if (unknown !== undefined || !(percent > 0)) {
    process.stderr.write(`Expected servers among ${Object.keys(SERVERS).join(", ")} and a positive --percent\n`);
    return 2;
  }
  if (!values["as-built"]) await prepare();
  /** @type {Result[]} */
  const results = [];
  for (const transfer of TRANSFERS) {
    for (const server of names) {
      const result = await measure(server, transfer, Math.round((transfer.megabytes * MEGABYTE * percent) / 100));
      results.push(result);
      process.stderr.write(
        `memory: ${transfer.name}: ${server}: ${result.reason ?? `+${megabytes(result.riseBytes ?? 0)} MB`}\n`,
      );
    }
  }
  return report(results, percent >= 100, values.only === undefined);
}

/**
 * Runs one transfer through a fresh server.
 *
 * @param {string} name of a server
 * @param {typeof TRANSFERS[number]} transfer what to do
 * @param {number} bytes how much
 * @returns {Promise<Result>} figures or the reason why there are none
 */
async function measure(name, transfer, bytes) {
  const base = { server: name, transfer: transfer.name, bytes };
  let server;
  let timer;
  try {
    server = await startServer(
      (port) => ({ argv: SERVERS[name]?.(port) ?? [], env: { PORT: String(port) } }),
      undefined,
    );
    const { pid, port } = server;
    for (let sent = 0; sent < WARMING_REQUESTS; sent += 1) await download(port, BLOCK.length, Infinity);
    await sleep(1000);
    const startBytes = readResidentBytes(pid);
    let highest = startBytes;
    const sample = () => (highest = Math.max(highest, readResidentBytes(pid)));
    timer = setInterval(sample, SAMPLE_MILLISECONDS);
    const startedAt = performance.now();
    const moved = await transfer.run(port, bytes);
    sample();
    if (moved !== bytes) throw new Error(`${moved} bytes went through, expected ${bytes}`);
    return { ...base, seconds: (performance.now() - startedAt) / 1000, startBytes, riseBytes: highest - startBytes };
  } catch (error) {
    return { ...base, reason: error instanceof Error ? error.message : String(error) };
  } finally {
    clearInterval(timer);
    await server?.stop();
  }
}

/**
 * @param {number} port of the server
 * @param {number} bytes to send
 * @returns {Promise<number>} how many the application says that it has read
 */
async function upload(port, bytes) {
  const request = httpRequest({
    host: "127.0.0.1",
    port,
    method: "POST",
    path: "/sink",
    headers: { "Content-Length": bytes },
  });
  const answered = once(request, "response");
  for (let left = bytes; left > 0; left -= BLOCK.length) {
    const block = left < BLOCK.length ? BLOCK.subarray(0, left) : BLOCK;
    if (!request.write(block)) await Promise.race([once(request, "drain"), answered]);
  }
  request.end();
  const [response] = await answered;
  let text = "";
  for await (const chunk of response) text += chunk;
  if (response.statusCode !== 200) throw new Error(`Server answers ${response.statusCode}: ${text.slice(0, 100)}`);
  return Number(text);
}

/**
 * @param {number} port of the server
 * @param {number} bytes to ask for
 * @param {number} bytesPerSecond to read at most
 * @returns {Promise<number>} how many came
 */
async function download(port, bytes, bytesPerSecond) {
  const request = httpRequest({ host: "127.0.0.1", port, path: `/download?${bytes}` }).end();
  const [response] = await once(request, "response");
  if (response.statusCode !== 200) throw new Error(`Server answers ${response.statusCode}`);
  const startedAt = performance.now();
  let read = 0;
  for await (const chunk of response) {
    read += chunk.length;
    const early = (read / bytesPerSecond) * 1000 - (performance.now() - startedAt);
    if (early > 1) await sleep(early);
  }
  return read;
}

/**
 * @param {Result[]} results of all transfers
 * @param {boolean} isFull whether the sizes are those of the goal
 * @param {boolean} isComplete whether all servers took part
 * @returns {number} exit code
 */
function report(results, isFull, isComplete) {
  const rows = results.flatMap(({ transfer, server, bytes, startBytes, riseBytes, seconds }) => {
    if (startBytes === undefined || riseBytes === undefined || seconds === undefined) return [];
    return [
      [transfer, server, megabytes(bytes), seconds.toFixed(1), megabytes(startBytes), `+${megabytes(riseBytes)}`],
    ];
  });
  process.stdout.write(table([["transfer", "server", "MB", "seconds", "MB resident before", "highest rise"], ...rows]));
  for (const { transfer, server, reason } of results) {
    if (reason !== undefined) process.stdout.write(`${transfer}: ${server}: failed: ${reason}\n`);
  }
  const ours = results.filter(({ server }) => server === "tsgi").map(({ riseBytes = Infinity }) => riseBytes);
  const isJudged = isFull && ours.length > 0 && ours.every(Number.isFinite);
  const holds = isJudged ? Math.max(...ours) <= GOAL_MEGABYTES * MEGABYTE : null;
  const verdict = holds === null ? "not judged" : holds ? "holds" : "MISSED";
  process.stdout.write(`Goal tsgi: never more than ${GOAL_MEGABYTES} MB above the start: ${verdict}\n`);
  writeRecord("memory", isFull && isComplete, { goalMegabytes: GOAL_MEGABYTES, holds, results });
  return holds === false || results.some(({ reason }) => reason !== undefined) ? 1 : 0;
}

/** @param {number} bytes a size @returns {string} in megabytes */
function megabytes(bytes) {
  return (bytes / MEGABYTE).toFixed(1);
}
