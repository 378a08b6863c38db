// @ts-check
// Ruby and Perl: TSGI as their host against Puma and Starman, with one request at a time and with four.
import { fileURLToPath } from "node:url";

import { answerOf } from "../harness/machine.mjs";
import { HELLO_ANSWER } from "./hello.mjs";
import { tsgi, tsgiVersion } from "./tsgi-command.mjs";

const apps = fileURLToPath(new URL("../apps", import.meta.url));
const RUBY = ["rack", "rack4", "sinatra", "rails"];
const PERL = ["psgi", "psgi4", "psgi32", "dancer2", "mojolicious"];

/** @typedef {import("../harness/suite.mjs").Workload} Workload */

/** @param {string} name @returns {boolean} whether a program is in PATH */
const isThere = (name) => Boolean(answerOf("sh", ["-c", `command -v ${name}`]));

/**
 * @param {Workload | undefined} workload asked about; undefined for none in particular
 * @param {string[]} ids of those in the server's language
 * @param {string} program of the server
 * @param {string} name of its package
 * @returns {string | null} why it is not measured
 */
function missing(workload, ids, program, name) {
  if (workload !== undefined && !ids.includes(workload.id)) return "it is for another language";
  return isThere(program) ? null : `'${program}' is not installed (Debian, Ubuntu: apt-get install ${name})`;
}

/** @type {(id: string, title: string, app: string, threads?: number) => Workload} */
const hello = (id, title, app, threads = 1) => ({
  id,
  title,
  request: { method: "GET", path: "/hello" },
  expected: HELLO_ANSWER,
  app,
  threads,
});

/** @type {import("../harness/suite.mjs").Suite} */
export const suite = {
  id: "languages",
  title: "Ruby and Perl servers",
  baseline: "tsgi",
  servers: [
    {
      id: "tsgi",
      label: "TSGI",
      missing: (workload) =>
        workload !== undefined && RUBY.includes(workload.id)
          ? missing(workload, RUBY, "ruby", "ruby")
          : missing(workload, PERL, "perl", "perl"),
      version: tsgiVersion,
      command: ({ port, workload: { app = "", threads = 1, id } }) => ({
        argv: tsgi(`${apps}/${app}`, port, [
          "-w",
          "1",
          ...(RUBY.includes(id) ? ["--threads", String(threads)] : ["--guest-processes", String(threads)]),
        ]),
      }),
    },
    {
      id: "puma",
      label: "Puma",
      missing: (workload) => missing(workload, RUBY, "puma", "puma"),
      version: () => answerOf("sh", ["-c", "puma --version | sed 's/[^0-9]*\\([0-9.]*\\).*/\\1/'"]),
      command: ({ port, workload: { app = "", threads = 1 } }) => ({
        argv: [
          "puma",
          "-e",
          "production",
          "-q",
          "-t",
          `${threads}:${threads}`,
          "-b",
          `tcp://127.0.0.1:${port}`,
          `${apps}/${app}`,
        ],
      }),
    },
    {
      id: "starman",
      label: "Starman",
      missing: (workload) => missing(workload, PERL, "starman", "starman"),
      version: () => answerOf("perl", ["-MStarman", "-e", "print Starman->VERSION"]),
      command: ({ port, workload: { app = "", connections = 32 } }) => ({
        // As many processes as connections: it holds one for each, and the others would wait for ever.
        argv: [
          "starman",
          "--env",
          "production",
          "--workers",
          String(connections),
          "--listen",
          `127.0.0.1:${port}`,
          "--disable-proctitle",
          `${apps}/${app}`,
        ],
      }),
    },
  ],
  workloads: [
    hello("rack", "Rack hello", "ruby/hello.ru"),
    hello("rack4", "Rack hello, 4 threads", "ruby/hello.ru", 4),
    hello("sinatra", "Sinatra hello", "ruby/sinatra.ru"),
    // Puma sends it in chunks: Rails does not say its length.
    { ...hello("rails", "Rails hello", "ruby/rails.ru"), expected: { ...HELLO_ANSWER, hasLength: false } },
    { ...hello("psgi", "PSGI hello", "perl/hello.psgi"), connections: 4 },
    { ...hello("psgi4", "PSGI hello, 4 processes", "perl/hello.psgi", 4), connections: 4 },
    hello("psgi32", "PSGI hello, 32 clients", "perl/hello.psgi"),
    { ...hello("dancer2", "Dancer2 hello", "perl/dancer2.psgi"), connections: 4 },
    { ...hello("mojolicious", "Mojolicious hello", "perl/mojolicious.psgi"), connections: 4 },
  ],
  goals: [
    { workload: "rack", server: "tsgi", against: "puma", atMost: 0.6, aim: 0.5 },
    { workload: "rack4", server: "tsgi", against: "puma", atMost: 0.6, aim: 0.5 },
    { workload: "sinatra", server: "tsgi", against: "puma", atMost: 0.75, aim: 0.6 },
    { workload: "rails", server: "tsgi", against: "puma", atMost: 1, aim: 0.9 },
    { workload: "psgi", server: "tsgi", against: "starman", atMost: 0.5, aim: 0.4 },
    { workload: "psgi4", server: "tsgi", against: "starman", atMost: 0.5, aim: 0.4 },
    { workload: "psgi32", server: "tsgi", against: "starman", atMost: 0.5, aim: 0.4 },
    { workload: "dancer2", server: "tsgi", against: "starman", atMost: 1, aim: 0.9 },
    { workload: "mojolicious", server: "tsgi", against: "starman", atMost: 1, aim: 0.9 },
  ],
};
