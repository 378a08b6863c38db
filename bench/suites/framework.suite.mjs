// @ts-check
// tsgi/framework against other frameworks: a path with a value, and JSON.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { answerOf } from "../harness/machine.mjs";
import { tsgi, tsgiVersion } from "./tsgi-command.mjs";

const bench = fileURLToPath(new URL("..", import.meta.url));
const venv = `${bench}.cache/venv`;

/**
 * A server that is one file of ours, given its port by PORT.
 *
 * @param {string} id name of the file in servers/, behind "framework-"
 * @param {string} label what readers call it
 * @param {string} dependency package without which it cannot run
 * @param {() => string | null} [program] that runs it. @default this Node
 * @returns {import("../harness/suite.mjs").Server} declaration
 */
function packageServer(id, label, dependency, program = () => process.execPath) {
  const manifest = `${bench}node_modules/${dependency}/package.json`;
  return {
    id,
    label,
    missing: () => (existsSync(manifest) && program() ? null : `'${dependency}' is not installed in bench/`),
    version: () => (existsSync(manifest) ? JSON.parse(readFileSync(manifest, "utf8")).version : null),
    command: ({ port }) => ({
      argv: [program() ?? "node", `${bench}servers/framework-${id}.mjs`],
      env: { PORT: String(port) },
    }),
  };
}

const bun = () =>
  answerOf("sh", ["-c", "command -v bun"]) ??
  [`${bench}node_modules/.bin/bun`].find((path) => existsSync(path)) ??
  null;

/** @type {import("../harness/suite.mjs").Suite} */
export const suite = {
  id: "framework",
  title: "Frameworks",
  baseline: "tsgi",
  servers: [
    {
      id: "tsgi",
      label: "tsgi/framework",
      missing: () => null,
      version: tsgiVersion,
      command: ({ port }) => ({ argv: tsgi(`${bench}apps/framework.js`, port) }),
    },
    packageServer("hono", "Hono", "hono"),
    packageServer("express", "Express", "express"),
    packageServer("elysia", "Elysia on Bun", "elysia", bun),
    {
      id: "flask",
      label: "Flask on gunicorn",
      missing: () =>
        existsSync(`${venv}/bin/gunicorn`) ? null : "'gunicorn' is not installed: run bench/setup-python.sh",
      version: () =>
        answerOf(`${venv}/bin/python`, ["-c", `from importlib.metadata import version; print(version("flask"))`]),
      command: ({ port }) => ({
        argv: [`${venv}/bin/gunicorn`, "--bind", `127.0.0.1:${port}`, "--log-level", "warning", "framework_app:app"],
        cwd: `${bench}apps/python`,
      }),
    },
  ],
  workloads: [
    {
      id: "parameter",
      title: "Hello, with a value of the path",
      request: { method: "GET", path: "/hello/world" },
      expected: { status: 200, type: "text/html", body: Buffer.from("Hello world") },
    },
    {
      id: "json",
      title: "JSON, with a number of the path",
      request: { method: "GET", path: "/users/42" },
      expected: { status: 200, type: "application/json", body: Buffer.from('{"id":42,"name":"Ada"}') },
    },
  ],
  goals: [
    { workload: "parameter", server: "tsgi", against: "hono", atMost: 0.8, aim: 0.7 },
    { workload: "json", server: "tsgi", against: "hono", atMost: 0.8, aim: 0.7 },
  ],
};
