// @ts-check
// Servers that are one file of ours, given their port by PORT and that of their upstream by UPSTREAM_PORT.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { answerOf } from "../harness/machine.mjs";

const bench = fileURLToPath(new URL("..", import.meta.url));

/**
 * Declares one.
 *
 * @param {string} file name in servers/, without its ending
 * @param {string} label what readers call it
 * @param {string | null} dependency package without which it cannot run; null for none
 * @param {{ id?: string, program?: () => string | null }} [more] name for --only (the file's by default), and what runs it (this Node)
 * @returns {import("../harness/suite.mjs").Server} declaration
 */
export function packageServer(file, label, dependency, { id = file, program = () => process.execPath } = {}) {
  return {
    id,
    label,
    missing: () =>
      (dependency === null ? null : packageMissing(dependency)) ??
      (program() === null ? "what runs it is neither in PATH nor installed: npm ci in bench/" : null),
    version: () => (dependency === null ? process.versions.node : packageVersion(dependency)),
    command: ({ port, upstreamPort }) => ({
      argv: [program() ?? "", `${bench}servers/${file}.mjs`],
      env: { PORT: String(port), UPSTREAM_PORT: String(upstreamPort) },
    }),
  };
}

/** @returns {string | null} the program of Bun, wherever it is installed */
export function bun() {
  const local = `${bench}node_modules/.bin/bun`;
  return answerOf("sh", ["-c", "command -v bun"]) ?? (existsSync(local) ? local : null);
}

/** @param {string} name a package of bench/ @returns {string | null} that it is not installed, and what to do; null where it is */
export function packageMissing(name) {
  return packageVersion(name) === null ? `package '${name}' is not installed: npm ci in bench/` : null;
}

/** @param {string} name a package of bench/ @returns {string | null} its version; null where it is not installed */
export function packageVersion(name) {
  const path = `${bench}node_modules/${name}/package.json`;
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")).version : null;
}
