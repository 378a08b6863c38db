// @ts-check
// tsgi/framework against other frameworks: a path with a value, and JSON.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { answerOf } from "../harness/machine.mjs";
import { bun, packageServer } from "./package-server.mjs";
import { tsgi, tsgiVersion } from "./tsgi-command.mjs";

const bench = fileURLToPath(new URL("..", import.meta.url));
const venv = `${bench}.cache/venv`;

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
    packageServer("framework-hono", "Hono", "hono", { id: "hono" }),
    packageServer("framework-express", "Express", "express", { id: "express" }),
    packageServer("framework-elysia", "Elysia on Bun", "elysia", { id: "elysia", program: bun }),
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
