// @ts-check
// Applications of other interfaces in TSGI's own process, beside their own servers; and an application of TSGI under node:http.
import { fileURLToPath } from "node:url";

import { HELLO_WORKLOADS } from "./hello.mjs";
import { packageMissing, packageServer } from "./package-server.mjs";
import { tsgi, tsgiVersion } from "./tsgi-command.mjs";

const apps = fileURLToPath(new URL("../apps", import.meta.url));

/**
 * An application under TSGI.
 *
 * @param {string} id for --only
 * @param {string} label what readers call it
 * @param {string} app file in apps/, and name of the export
 * @param {string} dependency package without which it cannot run
 * @returns {import("../harness/suite.mjs").Server} declaration
 */
function guest(id, label, app, dependency) {
  return {
    id,
    label,
    missing: () => packageMissing(dependency),
    version: tsgiVersion,
    command: ({ port }) => ({ argv: tsgi(`${apps}/${app}`, port) }),
  };
}

/** @type {import("../harness/suite.mjs").Suite} */
export const suite = {
  id: "in-process",
  title: "Applications of other interfaces",
  baseline: "node-http",
  servers: [
    guest("tsgi-express", "TSGI with Express", "express-app.mjs:app", "express"),
    packageServer("express", "Express", "express"),
    guest("tsgi-hono", "TSGI with Hono", "hono-app.mjs:app", "hono"),
    packageServer("hono", "Hono on its node server", "@hono/node-server"),
    { ...packageServer("node-handler", "TSGI under node:http", null), version: tsgiVersion },
    packageServer("node-http", "node:http", null),
  ],
  workloads: HELLO_WORKLOADS,
  goals: [
    { workload: "hello", server: "tsgi-express", against: "express", atMost: 1.05, aim: 1 },
    { workload: "hello", server: "tsgi-hono", against: "hono", atMost: 0.8, aim: 0.7 },
    { workload: "hello", server: "node-handler", against: "node-http", atMost: 1.25, aim: 1.1 },
  ],
};
