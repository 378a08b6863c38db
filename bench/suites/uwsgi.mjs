// @ts-check
// uWSGI with an application of apps/python, as bench/setup-python.sh installs it.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { answerOf } from "../harness/machine.mjs";

const apps = fileURLToPath(new URL("../apps/python", import.meta.url));
const venv = fileURLToPath(new URL("../.cache/venv", import.meta.url));
const setup = "run bench/setup-python.sh";

/** Debian's uWSGI loads Python (and the HTTP router) as plugins; one compiled by pip has both inside. */
const { program, plugins } = existsSync(`${venv}/bin/uwsgi`)
  ? { program: `${venv}/bin/uwsgi`, plugins: /** @type {string[]} */ ([]) }
  : { program: "uwsgi", plugins: ["--plugins", "python3,http"] };

/** @returns {string | null} why it cannot run here */
export function uwsgiMissing() {
  if (!existsSync(`${venv}/bin/python`)) return `the virtual environment is missing: ${setup}`;
  return answerOf("sh", ["-c", `command -v ${program}`]) ? null : `'uwsgi' is not installed: ${setup}`;
}

/** @returns {string | null} its version */
export function uwsgiVersion() {
  return answerOf(program, ["--version"]);
}

/**
 * Tells its command.
 *
 * @param {string[]} socket options that say where and what it speaks
 * @param {string} [app] module and name of the application
 * @param {number} [threads] requests at once
 * @returns {import("../harness/server-process.mjs").Command} starts it
 */
export function uwsgiCommand(socket, app = "wsgi_app:application", threads = 1) {
  return {
    argv: [
      program,
      ...plugins,
      ...socket,
      "--master",
      "--processes",
      "1",
      "--need-app",
      "--die-on-term",
      "--disable-logging",
      "--virtualenv",
      venv,
      "--module",
      app,
      ...(threads > 1 ? ["--threads", String(threads)] : []),
    ],
    cwd: apps,
  };
}
