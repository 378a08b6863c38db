// @ts-check
// Python applications: TSGI as their host against gunicorn, uWSGI, waitress and granian. bench/setup-python.sh installs these.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { HELLO, TEN_KILOBYTES } from "../apps/payloads.js";
import { answerOf } from "../harness/machine.mjs";
import { BROWSER_HEADERS } from "./browser-headers.mjs";
import { tsgi, tsgiVersion } from "./tsgi-command.mjs";
import { uwsgiCommand, uwsgiMissing, uwsgiVersion } from "./uwsgi.mjs";

const apps = fileURLToPath(new URL("../apps/python", import.meta.url));
const venv = fileURLToPath(new URL("../.cache/venv", import.meta.url));
const setup = "run bench/setup-python.sh";
const BYTES = "application/octet-stream";
const PLAIN = "wsgi_app:application";
const ITEMS = Array.from({ length: 20 }, (_, number) => `<li>Item ${number}: ${number * 3}</li>`);

/** @typedef {import("../harness/suite.mjs").Server} Server */
/** @typedef {import("../harness/suite.mjs").Workload} Workload */

/**
 * A program of the virtual environment.
 *
 * @param {string} id for --only
 * @param {string} label what readers call it
 * @param {string} program in the environment's bin
 * @param {(port: number, threads: number) => string[]} args all but the application, which comes last
 * @returns {Server} declaration
 */
function venvServer(id, label, program, args) {
  const distribution = program.replace("-serve", "");
  return {
    id,
    label,
    missing: () => (existsSync(`${venv}/bin/${program}`) ? null : `'${program}' is not installed: ${setup}`),
    version: () =>
      answerOf(`${venv}/bin/python`, [
        "-c",
        `from importlib.metadata import version; print(version("${distribution}"))`,
      ]),
    command: ({ port, workload }) => ({
      argv: [`${venv}/bin/${program}`, ...args(port, workload.threads ?? 1), workload.app ?? PLAIN],
      cwd: apps,
    }),
  };
}

/**
 * One of gunicorn's kinds of worker.
 *
 * @param {string} kind of worker
 * @param {(threads: number) => string[]} capacity options for so many requests at once
 * @returns {Server} declaration
 */
function gunicorn(kind, capacity) {
  return venvServer(`gunicorn-${kind}`, `gunicorn ${kind}`, "gunicorn", (port, threads) => [
    "--bind",
    `127.0.0.1:${port}`,
    "--worker-class",
    kind,
    "--log-level",
    "warning",
    ...capacity(threads),
  ]);
}

/**
 * One of uWSGI's ways to speak HTTP.
 *
 * @param {string} id for --only
 * @param {string} label what readers call it
 * @param {(port: number) => string[]} socket options
 * @returns {Server} declaration
 */
function uwsgiServer(id, label, socket) {
  return {
    id,
    label,
    missing: uwsgiMissing,
    version: uwsgiVersion,
    command: ({ port, workload: { app, threads } }) => uwsgiCommand(socket(port), app, threads),
  };
}

/** @type {Server} */
const tsgiServer = {
  id: "tsgi",
  label: "TSGI",
  missing: () => (existsSync(`${venv}/bin/python`) ? null : `the virtual environment is missing: ${setup}`),
  version: tsgiVersion,
  command: ({ port, workload: { app = PLAIN, threads = 1 } }) => ({
    argv: tsgi(app, port, ["-w", "1", "--threads", String(threads)]),
    cwd: apps,
    env: { VIRTUAL_ENV: venv },
  }),
};

/** @type {(id: string, title: string, path: string, more?: Partial<Workload>) => Workload} */
const plain = (id, title, path, more) => ({
  id,
  title,
  request: { method: "GET", path },
  expected: { status: 200, type: "text/plain", body: Buffer.from(HELLO) },
  app: PLAIN,
  ...more,
});

/** @type {import("../harness/suite.mjs").Suite} */
export const suite = {
  id: "python",
  title: "Python servers",
  baseline: "gunicorn-sync",
  servers: [
    tsgiServer,
    gunicorn("sync", (threads) => ["--workers", String(threads)]),
    gunicorn("gthread", (threads) => ["--workers", "1", "--threads", String(threads)]),
    gunicorn("gevent", () => ["--workers", "1"]),
    uwsgiServer("uwsgi-socket", "uWSGI socket", (port) => [
      // It closes each connection without a word, which clients take for an error; so it is made to say it.
      "--http-socket",
      `127.0.0.1:${port}`,
      "--add-header",
      "Connection: close",
    ]),
    uwsgiServer("uwsgi-socket11", "uWSGI socket 1.1", (port) => ["--http11-socket", `127.0.0.1:${port}`]),
    uwsgiServer("uwsgi-router", "uWSGI router", (port) => ["--http", `127.0.0.1:${port}`, "--http-keepalive"]),
    venvServer("waitress", "waitress", "waitress-serve", (port, threads) => [
      `--listen=127.0.0.1:${port}`,
      `--threads=${threads}`,
    ]),
    venvServer("granian", "granian", "granian", (port, threads) => [
      "--interface",
      "wsgi",
      "--host",
      "127.0.0.1",
      "--port",
      String(port),
      "--workers",
      "1",
      "--blocking-threads",
      String(threads),
      "--no-ws",
      "--log-level",
      "warning",
    ]),
  ],
  workloads: [
    plain("hello", "Hello", "/hello"),
    plain("browser", "Hello, a browser's headers", "/hello", {
      request: { method: "GET", path: "/hello", headers: BROWSER_HEADERS },
    }),
    plain("10k", "10 KB answer", "/10k", { expected: { status: 200, type: BYTES, body: TEN_KILOBYTES } }),
    plain("echo", "10 KB POST, echoed", "/echo", {
      request: {
        method: "POST",
        path: "/echo",
        headers: { "Content-Type": BYTES },
        body: TEN_KILOBYTES.toString("latin1"),
      },
      expected: { status: 200, type: BYTES, body: TEN_KILOBYTES },
    }),
    plain("flask", "Flask hello", "/hello", { app: "flask_app:application" }),
    plain("django", "Django view with a template", "/page", {
      app: "django_app:application",
      expected: { status: 200, type: "text/html", body: Buffer.from(`<h1>Prices</h1><ul>${ITEMS.join("")}</ul>`) },
    }),
    plain("sleep", "50 ms sleep, 8 threads, 64 clients", "/sleep50", {
      metric: "latency",
      threads: 8,
      connections: 64,
    }),
    plain("mix", "1 ms beside 200 ms requests for half of 8 threads", "/fast", {
      metric: "latency",
      threads: 8,
      connections: 16,
      background: { request: { method: "GET", path: "/slow" }, connections: 4 },
    }),
    plain("mix-full", "1 ms beside 200 ms requests for all of 8 threads", "/fast", {
      metric: "latency",
      threads: 8,
      connections: 16,
      background: { request: { method: "GET", path: "/slow" }, connections: 12 },
    }),
  ],
  goals: [
    { workload: "hello", server: "tsgi", against: "gunicorn-sync", atMost: 0.25, aim: 0.17 },
    { workload: "hello", server: "tsgi", against: "uwsgi-socket", atMost: 1.2, aim: 0.95 },
    { workload: "browser", server: "tsgi", against: "gunicorn-sync", atMost: 0.25, aim: 0.17 },
    { workload: "browser", server: "tsgi", against: "uwsgi-socket", atMost: 1.2, aim: 0.95 },
    { workload: "mix", server: "tsgi", against: "gunicorn-gthread", figure: "p99", atMost: 0.5, aim: 0.5 },
    { workload: "mix-full", server: "tsgi", against: "gunicorn-gthread", figure: "p99", atMost: 0.5, aim: 0.1 },
    { workload: "flask", server: "tsgi", against: "gunicorn-sync", atMost: 0.6, aim: 0.5 },
  ],
};
