// Three projects: `unit` runs what sits beside its source file, `system` what starts processes or needs programs of the machine, and `alone`
// those of both that need a process to themselves.
// The package's own names (tsgi/wsgi, ...) lead to the sources, so that no test depends on a build of its subject.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

import manifest from "./package.json" with { type: "json" };

const SECOND = 1000;
/**
 * The site takes a minute to build, and programs to install take as long, so their tests run only where they are asked for. They are not
 * skipped: CI allows none that is. Nor does the project exclude them: it would not hear of `--exclude` any more.
 */
const LEFT_OUT = [
  ["site", "TSGI_TEST_SITE"],
  ["cgi-peers", "TSGI_TEST_CGI_PEERS"],
  ["ruby-peers", "TSGI_TEST_RUBY_PEERS"],
  ["wai-peers", "TSGI_TEST_WAI_PEERS"],
].flatMap(([room = "", variable = ""]) => (process.env[variable] === "1" ? [] : [room]));
const ROOMS = LEFT_OUT.length === 0 ? "*" : `!(${LEFT_OUT.join("|")})`;

/**
 * What counts the memory or the open files of its process, or fills a cache of it; and what starts the profiler: when it stops, the
 * measuring of coverage ends in that process too, for all files that come later. Those of JSONStore in PostgreSQL take other files' tests.
 */
const ALONE =
  "cascade|configured-file|content-and-seeing-docs|decompress|failures|field-names|form-attacks|front-names|guest-request-body|many-listeners|outgoing-body|postgres|postgres-faults|profiler|static|validator";
/** All others. A pattern `!(validator).test.ts` would leave `validator-findings.test.ts` out too: it is no match that begins so. */
const NOT_ALONE = `!(@(${ALONE}).test).test.ts`;
const BESIDE_SOURCES = ["src", "apps/*/{src,page}"];
const SYSTEM = ["test", `test/${ROOMS}/**`, "apps/*/test/**"];

const alias = Object.entries(manifest.exports)
  .filter(([entry, target]) => entry !== "." && JSON.stringify(target).includes("/index.d.ts"))
  .map(([entry]) => entry)
  // An alias is a prefix, and the first that fits counts.
  .toSorted((a, b) => b.length - a.length)
  .map((entry) => ({
    find: `tsgi/${entry.slice(2)}`,
    replacement: fileURLToPath(new URL(`src/${entry.slice(2)}/index.ts`, import.meta.url)),
  }));

export default defineConfig({
  resolve: { alias },
  test: {
    allowOnly: false,
    // Files share a process and the modules that it has loaded: to load them again takes half a second for each, and took more than half of
    // the CPU time of the units. A test therefore puts back what it changes in the process.
    isolate: false,
    pool: "forks",
    // Three files at a time, also on two cores: part of what they do is wait for processes. Two left a quarter of the cores unused, three a
    // tenth, and a fourth makes tests unsteady sooner than faster.
    maxWorkers: 3,
    // vitest's own second is too short on a busy machine; what does come is seen as soon as before.
    expect: { poll: { timeout: 60 * SECOND } },
    // What a module became is kept for the other projects and for the run on the next Node, which would compute it again.
    experimental: { fsModuleCache: true, fsModuleCachePath: ".cache/modules" },
    coverage: { provider: "v8", include: ["src/**/*.ts"], exclude: ["src/**/*.test.ts"] },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: BESIDE_SOURCES.map((folder) => `${folder}/**/${NOT_ALONE}`),
          testTimeout: 60 * SECOND,
        },
      },
      {
        extends: true,
        test: {
          name: "alone",
          include: [...BESIDE_SOURCES.map((folder) => `${folder}/**`), ...SYSTEM].map(
            (folder) => `${folder}/@(${ALONE}).test.ts`,
          ),
          isolate: true,
          testTimeout: 240 * SECOND,
          hookTimeout: 240 * SECOND,
        },
      },
      {
        extends: true,
        test: {
          name: "system",
          include: SYSTEM.map((folder) => `${folder}/${NOT_ALONE}`),
          testTimeout: 240 * SECOND,
          hookTimeout: 240 * SECOND,
        },
      },
    ],
  },
});
