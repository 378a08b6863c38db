// Reading and writing one leaf over HTTP, beside json-server and a hello of the same framework, in one run: microseconds of CPU of the whole
// process tree for each request. Servers take turns, so that a machine that drifts is unfair to none; the median of the rounds counts.
// Usage, in the project, after `npm run build`: node apps/jsonstore/bench/compare.mjs [rounds] [seconds] [--picture]
// json-server is put into .cache/rivals first: npm install --prefix .cache/rivals json-server@0.17
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { describeMachine } from "../../../bench/harness/machine.mjs";
import { cpuBetween, readCpu } from "../../../bench/harness/process-tree.mjs";
import { startServer } from "../../../bench/harness/server-process.mjs";
import { summarise } from "../../../bench/harness/statistics.mjs";
import { load, requireWrk } from "../../../bench/harness/wrk.mjs";
import { draw } from "../../../bench/picture.mjs";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const JSON_SERVER = join(ROOT, ".cache/rivals/node_modules/json-server/lib/cli/bin.js");
const CONNECTIONS = 32;
/** Users of the document; json-server writes the whole file for each change, and a larger one would only say so louder. */
const USERS = 1000;

/** @typedef {import("../../../bench/harness/wrk.mjs").LoadRequest} LoadRequest */
/** @typedef {{ name: string, argv: (port: number, folder: string) => string[], prepare: (folder: string, document: string) => void,
 *   fill?: (port: number, document: string) => Promise<unknown>, requests: Record<string, LoadRequest> }} Rival */

const tsgi = (/** @type {string} */ target, /** @type {number} */ port) => [
  process.execPath,
  join(ROOT, "bin/tsgi.js"),
  target,
  "--bind",
  `127.0.0.1:${port}`,
  "--workers",
  "1",
];
const json = { "Content-Type": "application/json" };

/** @type {Rival[]} */
const RIVALS = [
  {
    name: "hello of tsgi/framework",
    argv: (port) => tsgi(join(ROOT, "bench/apps/framework.js"), port),
    prepare() {},
    requests: { "GET leaf": { method: "GET", path: "/hello/ada" } },
  },
  {
    name: "JSONStore",
    argv: (port, folder) => tsgi(join(folder, "store.ini"), port),
    prepare: (folder) =>
      writeFileSync(
        join(folder, "store.ini"),
        `[app:main]\nuse = call:${join(ROOT, "apps/jsonstore/src/app")}:appFactory\ndatabase = ${join(folder, "store.db")}\n`,
      ),
    fill: (port, document) => fetch(`http://127.0.0.1:${port}/`, { method: "PUT", body: document }),
    requests: {
      "GET leaf": { method: "GET", path: "/users/500/name" },
      "PUT leaf": { method: "PUT", path: "/users/500/name", body: '"Grace"' },
    },
  },
  ...(existsSync(JSON_SERVER)
    ? [
        {
          name: "json-server 0.17",
          argv: (/** @type {number} */ port, /** @type {string} */ folder) => [
            process.execPath,
            JSON_SERVER,
            "--quiet",
            "--host",
            "127.0.0.1",
            "--port",
            String(port),
            join(folder, "db.json"),
          ],
          prepare: (/** @type {string} */ folder, /** @type {string} */ document) =>
            writeFileSync(join(folder, "db.json"), document),
          // It has no leaves: the smallest that can be read or written is an element of an array at the top.
          requests: {
            "GET leaf": { method: "GET", path: "/users/500" },
            "PUT leaf": { method: "PATCH", path: "/users/500", headers: json, body: '{"name":"Grace"}' },
          },
        },
      ]
    : []),
];

requireWrk();
const [rounds = 3, seconds = 3] = process.argv.slice(2).map(Number).filter(Number.isFinite);
const document = JSON.stringify({
  users: Array.from({ length: USERS }, (_, id) => ({ id, name: `User ${id}`, mail: `user${id}@example.org` })),
});
const folder = mkdtempSync(join(tmpdir(), "jsonstore-compare-"));
/** @type {Map<string, { cpu: number[], rate: number[] }>} */
const figures = new Map();
const loads = [loadavg()[0] ?? 0];
try {
  for (let round = 0; round < rounds; round += 1) {
    for (const rival of RIVALS) await measure(rival, join(folder, `${RIVALS.indexOf(rival)}-${round}`));
    loads.push(loadavg()[0] ?? 0);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
print();
if (process.argv.includes("--picture")) writeFileSync(join(ROOT, "docs/jsonstore/compare.svg"), picture());

/** @param {Rival} rival @param {string} place a folder that is not there yet */
async function measure({ name, argv, prepare, fill, requests }, place) {
  mkdirSync(place);
  prepare(place, document);
  const server = await startServer((port) => ({ argv: argv(port, place), cwd: ROOT }), undefined);
  try {
    await fill?.(server.port, document);
    for (const [workload, request] of Object.entries(requests)) {
      const options = { port: server.port, request, connections: CONNECTIONS, core: undefined, folder: place };
      await load({ ...options, seconds: 1 });
      const before = readCpu(server.pid);
      const report = await load({ ...options, seconds });
      const { nanoseconds } = cpuBetween(before, readCpu(server.pid));
      if (report.failures > 0 || report.requests === 0)
        throw new Error(`${name}, ${workload}: ${JSON.stringify(report)}`);
      const key = `${workload}|${name}`;
      const found = figures.get(key) ?? { cpu: [], rate: [] };
      found.cpu.push(nanoseconds / 1000 / report.requests);
      found.rate.push(report.requests / report.seconds);
      figures.set(key, found);
    }
  } finally {
    await server.stop();
  }
}

/** @returns {string} the load of the machine during the run */
function busy() {
  return `load ${Math.min(...loads).toFixed(0)} to ${Math.max(...loads).toFixed(0)}`;
}

/** @returns {string} SVG */
function picture() {
  const ids = new Map(RIVALS.map(({ name }) => [name, name === "JSONStore" ? "tsgi" : name]));
  const workloads = ["GET leaf", "PUT leaf"].map((workload) => ({
    id: workload,
    title: workload,
    metric: /** @type {const} */ ("cpu"),
    results: [...figures].flatMap(([key, { cpu }]) => {
      const [kind, name = ""] = key.split("|");
      return kind === workload ? [{ server: ids.get(name) ?? name, figures: { cpu: summarise(cpu) } }] : [];
    }),
  }));
  const machine = describeMachine();
  return draw({
    title: "One leaf of a document over HTTP",
    date: new Date().toISOString(),
    machine: { ...machine, cpu: `${machine.cpu}, ${busy()}` },
    settings: { rounds, seconds },
    servers: RIVALS.map(({ name }) => ({
      id: ids.get(name),
      label: name.replace("hello of tsgi/framework", "hello"),
    })),
    workloads,
  });
}

function print() {
  console.log(`Node ${process.version}, ${rounds} rounds of ${seconds} s, ${CONNECTIONS} connections, ${busy()}\n`);
  console.log("| | | CPU µs per request | lowest | requests/s |\n|---|---|--:|--:|--:|");
  for (const [key, { cpu, rate }] of figures) {
    const [workload, name] = key.split("|");
    const lowest = Math.min(...cpu);
    console.log(
      `| ${workload} | ${name} | ${summarise(cpu).median.toFixed(1)} | ${lowest.toFixed(1)} | ${summarise(rate).median.toFixed(0)} |`,
    );
  }
}
