#!/usr/bin/env node
// @ts-check
// Measures what an idle keep-alive connection costs in resident memory: each has had one request answered, then rests.
import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

import { runCommand, writeRecord } from "./harness/command.mjs";
import { answerOf } from "./harness/machine.mjs";
import { prepare } from "./harness/prepare.mjs";
import { readResidentBytes } from "./harness/process-tree.mjs";
import { startServer } from "./harness/server-process.mjs";
import { summarise } from "./harness/statistics.mjs";
import { table } from "./harness/table.mjs";

const HELP = `Usage: node bench/idle.mjs [--connections N] [--rounds N] [--only A,B] [--as-built]

Opens keep-alive connections (default 8000), has one request answered on each, lets the server's garbage collector run and
reports the growth of resident memory for each connection, in rounds (default 3) over tsgi, node-http, net and bun.
A full run writes bench/results/idle.json. Exit code 1: TSGI needs more than 6.5 KB each, or a server failed.
`;
const KILOBYTE = 1024;
const GOAL_KILOBYTES = 6.5;
const GOAL_CONNECTIONS = 8000;
const WARMING_CONNECTIONS = 500;
const PER_CLIENT = 4000;
const SPARE_DESCRIPTORS = 200;
const SETTLE_MILLISECONDS = 3500;
const KEEP_ALIVE_SECONDS = "600";

const bench = fileURLToPath(new URL(".", import.meta.url));
const collector = `--import=${pathToFileURL(`${bench}harness/collect-garbage.mjs`).href}`;
const bun = answerOf("sh", ["-c", "command -v bun"]) ?? `${bench}node_modules/.bin/bun`;

/** @type {Record<string, () => string[]>} */
const SERVERS = {
  tsgi: () => [process.execPath, `${bench}servers/tsgi-idle.mjs`],
  "node-http": () => [process.execPath, `${bench}servers/node-http.mjs`],
  net: () => [process.execPath, `${bench}servers/net.mjs`],
  ...(existsSync(bun) ? { bun: () => [bun, `${bench}servers/bun.mjs`] } : {}),
};

await runCommand(main);

/** @returns {Promise<number>} exit code */
async function main() {
  const { values } = parseArgs({
    options: {
      connections: { type: "string", default: String(GOAL_CONNECTIONS) },
      rounds: { type: "string", default: "3" },
      only: { type: "string" },
      "as-built": { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const connections = Number(values.connections);
  const rounds = Number(values.rounds);
  const names = values.only?.split(",") ?? Object.keys(SERVERS);
  const problem = problemWith(names, connections, rounds);
  if (problem) {
    process.stderr.write(`${problem}\n`);
    return 2;
  }
  if (!values["as-built"]) await prepare();
  /** @type {Map<string, number[]>} */
  const series = new Map(names.map((name) => [name, []]));
  /** @type {Map<string, string>} */
  const failures = new Map();
  for (let round = 1; round <= rounds; round += 1) {
    for (const name of names.filter((each) => !failures.has(each))) {
      try {
        const bytes = await measure(name, connections);
        series.get(name)?.push(bytes);
        process.stderr.write(`idle: round ${round}/${rounds}: ${name}: ${(bytes / KILOBYTE).toFixed(2)} KB each\n`);
      } catch (error) {
        failures.set(name, error instanceof Error ? error.message : String(error));
      }
    }
  }
  return report(series, failures, { connections, rounds, isWhole: values.only === undefined });
}

/**
 * @param {string[]} names of servers
 * @param {number} connections wanted
 * @param {number} rounds wanted
 * @returns {string | null} why it cannot be done
 */
function problemWith(names, connections, rounds) {
  const unknown = names.find((name) => !SERVERS[name]);
  if (unknown !== undefined) return `No server is called '${unknown}', expected ${Object.keys(SERVERS).join(", ")}`;
  if (!(connections >= 1 && rounds >= 1)) return "--connections and --rounds expect whole numbers of at least 1";
  const limit = Number(answerOf("sh", ["-c", "ulimit -Hn"])?.replace("unlimited", "Infinity"));
  if (limit >= connections + SPARE_DESCRIPTORS) return null;
  return `${connections} connections need ${connections + SPARE_DESCRIPTORS} descriptors, but 'ulimit -Hn' is ${limit}; raise it as root`;
}

/**
 * @param {string} name of a server
 * @param {number} connections to open
 * @returns {Promise<number>} bytes of resident memory for each connection
 */
async function measure(name, connections) {
  const server = await startServer((port) => {
    const argv = SERVERS[name]?.() ?? [];
    const raised = ["sh", "-c", 'ulimit -n "$(ulimit -Hn)"; exec "$0" "$@"', ...argv];
    const options = name === "bun" ? {} : { NODE_OPTIONS: collector };
    return { argv: raised, env: { PORT: String(port), KEEP_ALIVE_SECONDS, ...options } };
  }, undefined);
  try {
    await (await openClients(server.port, WARMING_CONNECTIONS)).close();
    await sleep(SETTLE_MILLISECONDS);
    const before = readResidentBytes(server.pid);
    const clients = await openClients(server.port, connections);
    await sleep(SETTLE_MILLISECONDS);
    const after = readResidentBytes(server.pid);
    const alive = await clients.alive();
    await clients.close();
    if (alive !== connections)
      throw new Error(`Only ${alive} of ${connections} connections were still open when memory was read`);
    return (after - before) / connections;
  } finally {
    await server.stop();
  }
}

/**
 * @param {number} port of the server
 * @param {number} connections to open, divided among processes and source addresses
 * @returns {Promise<{ alive: () => Promise<number>, close: () => Promise<void> }>} all open and answered
 */
async function openClients(port, connections) {
  const count = Math.ceil(connections / PER_CLIENT);
  const children = Array.from({ length: count }, (_, index) => {
    const share = Math.min(PER_CLIENT, connections - index * PER_CLIENT);
    return fork(`${bench}harness/idle-client.mjs`, [String(port), String(share), `127.0.0.${index + 2}`]);
  });
  const answers = async () => {
    const alive = await Promise.all(
      children.map(async (child) => {
        const ended = once(child, "exit").then(() => [{ alive: 0 }]);
        const [message] = await Promise.race([once(child, "message"), ended]);
        return Number(message.alive);
      }),
    );
    return alive.reduce((sum, each) => sum + each, 0);
  };
  const clients = {
    alive: () => {
      for (const child of children) if (child.connected) child.send("alive");
      return answers();
    },
    close: async () => {
      const gone = children.filter(({ exitCode }) => exitCode === null).map((child) => once(child, "exit"));
      for (const child of children) if (child.connected) child.disconnect();
      await Promise.all(gone);
    },
  };
  const opened = await answers();
  if (opened === connections) return clients;
  await clients.close();
  throw new Error(`Only ${opened} of ${connections} connections could be opened and answered`);
}

/**
 * @param {Map<string, number[]>} series bytes for each connection, by server
 * @param {Map<string, string>} failures reasons, by server
 * @param {{ connections: number, rounds: number, isWhole: boolean }} run what was done
 * @returns {number} exit code
 */
function report(series, failures, { connections, rounds, isWhole }) {
  const results = [...series].map(([server, values]) => {
    const reason = failures.get(server);
    return reason === undefined ? { server, bytesEach: summarise(values), values } : { server, reason };
  });
  const kilobytes = (/** @type {number} */ bytes) => (bytes / KILOBYTE).toFixed(2);
  const rows = results.flatMap(({ server, bytesEach: each }) =>
    each ? [[server, kilobytes(each.median), `${kilobytes(each.min)} … ${kilobytes(each.max)}`]] : [],
  );
  process.stdout.write(
    `${connections} idle keep-alive connections\n${table([["server", "KB each", "least … most"], ...rows])}`,
  );
  for (const [server, reason] of failures) process.stdout.write(`${server}: failed: ${reason}\n`);
  const ours = results.find(({ server }) => server === "tsgi")?.bytesEach?.median;
  const holds = ours === undefined || connections < GOAL_CONNECTIONS ? null : ours / KILOBYTE <= GOAL_KILOBYTES;
  if (ours !== undefined && holds !== null) {
    process.stdout.write(
      `Goal tsgi: ${kilobytes(ours)} KB, at most ${GOAL_KILOBYTES} KB: ${holds ? "holds" : "MISSED"}\n`,
    );
  }
  const isFull = isWhole && connections >= GOAL_CONNECTIONS;
  writeRecord("idle", isFull, { connections, rounds, goalKilobytes: GOAL_KILOBYTES, holds, results });
  return failures.size > 0 || holds === false ? 1 : 0;
}
