// `npm run check`: everything that can be said about the project without running its tests. Runs all checks, two at a time, one line each,
// then what the failed ones had to say; ends with 1 when any failed. `npm run check -- types lint` runs only those.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { ensureBuilt } from "./build.mjs";
import { generate } from "./generate.mjs";
import { ensureInstalled } from "./install.mjs";
import { ROOT, TSC, capture } from "./project.mjs";

/** @typedef {{ code: number, output: string }} Outcome */

/** @param {string} name - of a package's program */
const bin = (name) => join(ROOT, "node_modules", ".bin", name);

/** @param {string} folder - with a tsconfig.json @returns {Promise<Outcome>} */
const checkTypes = (folder) => capture(process.execPath, [TSC, "-p", folder]);

/** What `npm install tsgi` may cost: files, and bytes of the tarball. A guest or a gateway is 10,000 to 20,000 bytes of it. */
const MOST_FILES = 500;
const MOST_BYTES = 600_000;

/** @returns {Promise<Outcome>} */
async function checkPackage() {
  const lint = await capture(bin("publint"), ["--strict"]);
  const { output } = await capture("npm", ["pack", "--dry-run", "--json", "--silent"]);
  const [{ entryCount, size }] = JSON.parse(output.slice(output.indexOf("[")));
  const isSmall = entryCount <= MOST_FILES && size <= MOST_BYTES;
  const facts = `The tarball has ${entryCount} files (at most ${MOST_FILES}) and ${size} bytes (at most ${MOST_BYTES})\n`;
  return { code: lint.code === 0 && isSmall ? 0 : 1, output: lint.output + facts };
}

/** The lock files of the package and of the private folders beside it. */
const LOCK_FILES = ["package-lock.json", "bench/package-lock.json", "site/package-lock.json"];

/**
 * A lock file with the addresses of one registry would bind every user to it; one that lacks the optional packages of other
 * platforms is refused by `npm ci`. npm writes such files where the registry is a partial mirror.
 *
 * @returns {Promise<Outcome>}
 */
async function checkLock() {
  const faults = LOCK_FILES.filter((file) => existsSync(join(ROOT, file))).flatMap((file) => {
    const { packages } = JSON.parse(readFileSync(join(ROOT, file), "utf8"));
    return Object.keys(packages).flatMap((path) => {
      const { resolved, link, optionalDependencies = {} } = packages[path];
      const lacking = Object.keys(optionalDependencies).filter(
        (name) =>
          packages[`node_modules/${name}`] === undefined && packages[`${path}/node_modules/${name}`] === undefined,
      );
      return [
        ...(resolved !== undefined && link !== true ? [`${file}: ${path} has a "resolved" address\n`] : []),
        ...lacking.map((name) => `${file}: "${name}" is missing, which ${path} may need on another platform\n`),
      ];
    });
  });
  return { code: faults.length === 0 ? 0 : 1, output: faults.join("") };
}

/**
 * `hint`: what to do when it fails, where its own output does not say so.
 *
 * @type {{ name: string, what: string, run: () => Promise<Outcome>, hint?: string }[]}
 */
const CHECKS = [
  {
    name: "lock",
    what: "lock files complete, name no registry",
    run: checkLock,
    hint: "Write no addresses with: npm install --omit-lockfile-registry-resolved; take what is missing from the last commit",
  },
  { name: "types", what: "types of sources and tests", run: () => checkTypes(".") },
  { name: "script-types", what: "types of scripts", run: () => checkTypes("scripts") },
  { name: "page-types", what: "types of the page of JSONStore", run: () => checkTypes("apps/jsonstore/page") },
  {
    name: "lint",
    what: "lint, with types",
    run: () => capture(bin("oxlint"), ["--type-aware", "--deny-warnings", "--report-unused-disable-directives"]),
  },
  {
    name: "format",
    what: "format",
    run: () => capture(bin("oxfmt"), ["--check"]),
    hint: "Run: npm run format",
  },
  {
    name: "imports",
    what: "import rule, no cycles",
    run: () => capture(process.execPath, [join(ROOT, "scripts", "check-imports.mjs")]),
  },
  {
    name: "exports",
    what: "public entries complete",
    run: () => capture(process.execPath, [join(ROOT, "scripts", "check-exports.mjs")]),
  },
  { name: "package", what: "package as published, and its size", run: checkPackage },
  { name: "generated", what: "generated files fresh", run: () => generate(true), hint: "Run: npm run generate" },
  {
    name: "unused",
    what: "no unused file, export or dependency",
    run: () => capture(bin("knip"), ["--no-progress"]),
    hint: 'Remove it, or the word "export"; name a file that is started by its path in knip.json',
  },
];

/** Most of them use one core. */
const AT_A_TIME = 2;

const LOOK_AT_DIST = new Set(["exports", "package"]);

/** @returns {Promise<boolean>} whether all is well */
async function main() {
  if (!(await ensureInstalled())) return false;
  const names = process.argv.slice(2);
  const unknown = names.filter((name) => !CHECKS.some((check) => check.name === name));
  if (unknown.length > 0) {
    console.error(
      `No check is called "${unknown.join('", "')}", expected ${CHECKS.map(({ name }) => name).join(", ")}`,
    );
    return false;
  }
  const chosen = CHECKS.filter((check) => names.length === 0 || names.includes(check.name));
  // Built beside the first checks. When that fails, the types check says why, and those that look at dist fail too.
  const built = chosen.some(({ name }) => LOOK_AT_DIST.has(name)) ? ensureBuilt() : Promise.resolve(true);

  /** @type {{ name: string, output: string }[]} */
  const failures = [];
  const waiting = [...chosen];
  const work = async (/** @type {Promise<boolean>} */ before) => {
    await before;
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { name, what, run, hint } = next;
      if (LOOK_AT_DIST.has(name)) await built;
      const { code, output } = await run();
      console.log(`${code === 0 ? "ok    " : "FAILED"} ${name.padEnd(12)} ${what}`);
      if (code !== 0) failures.push({ name, output: hint === undefined ? output : `${output.trimEnd()}\n${hint}` });
    }
  };
  // The build is the first work of the first of them.
  await Promise.all(Array.from({ length: AT_A_TIME }, (_, place) => work(place === 0 ? built : Promise.resolve(true))));
  for (const { name, output } of failures) console.log(`\n--- ${name}\n${output.trim()}`);
  console.log(
    failures.length === 0 ? "\nAll checks passed" : `\nFailed: ${failures.map(({ name }) => name).join(", ")}`,
  );
  return failures.length === 0;
}

process.exitCode = (await main()) ? 0 : 1;
