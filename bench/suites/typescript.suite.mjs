// @ts-check
// TSGI against what else serves TypeScript: the smallest node:http handler, the frameworks, and Bun.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { CHUNK, CHUNKS, HELLO, TEN_KILOBYTES } from "../apps/payloads.js";
import { answerOf } from "../harness/machine.mjs";
import { BROWSER_HEADERS } from "./browser-headers.mjs";
import { application, tsgi, tsgiVersion } from "./tsgi-command.mjs";

const bench = fileURLToPath(new URL("..", import.meta.url));
const BYTES = "application/octet-stream";

/**
 * A server that is one file of ours, given its port by PORT.
 *
 * @param {string} id name of the file in servers/
 * @param {string} label what readers call it
 * @param {string} [dependency] package without which it cannot run
 * @returns {import("../harness/suite.mjs").Server} declaration
 */
function nodeServer(id, label, dependency) {
  return {
    id,
    label,
    missing: () =>
      dependency && !isInstalled(dependency) ? `package '${dependency}' is not installed: npm ci in bench/` : null,
    version: () => (dependency ? versionOf(dependency) : process.version),
    command: ({ port }) => ({ argv: [process.execPath, `${bench}servers/${id}.mjs`], env: { PORT: String(port) } }),
  };
}

const bun = () =>
  answerOf("sh", ["-c", "command -v bun"]) ?? [`${bench}node_modules/.bin/bun`].find((path) => existsSync(path));

/** @type {import("../harness/suite.mjs").Suite} */
export const suite = {
  id: "typescript",
  title: "TypeScript servers",
  baseline: "node-http",
  servers: [
    {
      id: "tsgi",
      label: "TSGI",
      missing: () => null,
      version: tsgiVersion,
      command: ({ port }) => ({ argv: tsgi(application, port) }),
    },
    nodeServer("node-http", "node:http"),
    nodeServer("fastify", "Fastify", "fastify"),
    nodeServer("hono", "Hono", "@hono/node-server"),
    nodeServer("srvx", "srvx", "srvx"),
    nodeServer("express", "Express", "express"),
    {
      id: "bun",
      label: "Bun",
      missing: () => (bun() ? null : "'bun' is neither in PATH nor installed: npm ci in bench/"),
      version: () => answerOf(bun() ?? "bun", ["--version"]),
      command: ({ port }) => ({ argv: [bun() ?? "bun", `${bench}servers/bun.mjs`], env: { PORT: String(port) } }),
    },
  ],
  workloads: [
    {
      id: "hello",
      title: "Hello",
      request: { method: "GET", path: "/hello" },
      expected: { status: 200, type: "text/plain", body: Buffer.from(HELLO) },
    },
    {
      id: "browser",
      title: "Hello, a browser's headers",
      request: { method: "GET", path: "/hello", headers: BROWSER_HEADERS },
      expected: { status: 200, type: "text/plain", body: Buffer.from(HELLO) },
    },
    {
      id: "10k",
      title: "10 KB answer",
      request: { method: "GET", path: "/10k" },
      expected: { status: 200, type: BYTES, body: TEN_KILOBYTES },
    },
    {
      id: "echo",
      title: "10 KB POST, echoed",
      request: {
        method: "POST",
        path: "/echo",
        headers: { "Content-Type": BYTES },
        body: TEN_KILOBYTES.toString("latin1"),
      },
      expected: { status: 200, type: BYTES, body: TEN_KILOBYTES },
    },
    {
      id: "stream",
      title: "1 MB, streamed",
      request: { method: "GET", path: "/stream" },
      expected: {
        status: 200,
        type: BYTES,
        body: Buffer.concat(Array.from({ length: CHUNKS }, () => CHUNK)),
        hasLength: false,
      },
    },
  ],
  goals: [{ workload: "browser", server: "tsgi", against: "node-http", atMost: 0.7, aim: 0.6 }],
};

/** @param {string} name a package @returns {boolean} whether it is there */
function isInstalled(name) {
  return existsSync(`${bench}node_modules/${name}/package.json`);
}

/** @param {string} name a package @returns {string | null} its version */
function versionOf(name) {
  return isInstalled(name)
    ? JSON.parse(readFileSync(`${bench}node_modules/${name}/package.json`, "utf8")).version
    : null;
}
