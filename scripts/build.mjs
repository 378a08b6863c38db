// Builds dist/ from src/: tsc checks the types and writes the declarations, one file per module; the JavaScript is bundled into few
// files (bundle.mjs); everything that is not TypeScript is copied. The page of JSONStore is built with it.
// The new dist replaces the old one only when it is complete; a failed build leaves the last good one.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, sep } from "node:path";
import { pathToFileURL } from "node:url";

import { buildPage, PAGE, PAGE_SOURCES } from "../apps/jsonstore/page/build.mjs";
import { bundle } from "./bundle.mjs";
import { ensureInstalled } from "./install.mjs";
import { ROOT, run } from "./project.mjs";

const DIST = join(ROOT, "dist");
const STAMP = join(ROOT, ".cache", "built");

/** What a build depends on. A folder counts too: its time changes when a file in it comes or goes. */
function inputs() {
  const below = [join(ROOT, "src"), ...PAGE_SOURCES].flatMap((folder) => [
    folder,
    ...readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((path) => !path.endsWith(".test.ts") && !isForDevelopers(path))
      .map((path) => join(folder, path)),
  ]);
  const others = ["package.json", "tsconfig.json", "tsconfig.build.json", "scripts/build.mjs", "scripts/bundle.mjs"];
  return [...below, ...others.map((path) => join(ROOT, path))];
}

/** @param {string} path @returns {boolean} whether it is Python's byte code, or a test beside Python's modules */
function isForDevelopers(path) {
  return /\b__pycache__\b|\bshim\/tests\b/.test(path.replaceAll(sep, "/"));
}

function isBuilt() {
  if (![DIST, PAGE, STAMP].every((path) => existsSync(path))) return false;
  const builtAt = statSync(STAMP).mtimeMs;
  return inputs().every((path) => statSync(path).mtimeMs <= builtAt);
}

async function build() {
  const startedAt = new Date();
  const fresh = `${DIST}.${process.pid}`;
  const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
  const [code, isBundled] = await Promise.all([
    run(process.execPath, [tsc, "-p", "tsconfig.build.json", "--outDir", fresh]),
    tryBundle(fresh),
  ]);
  if (code !== 0 || !isBundled) {
    rmSync(fresh, { recursive: true, force: true });
    return false;
  }
  pruneDeclarations(fresh);
  cpSync(join(ROOT, "src"), fresh, {
    recursive: true,
    filter: (path) => !path.endsWith(".ts") && !isForDevelopers(path),
  });
  const old = `${fresh}.old`;
  if (existsSync(DIST)) renameSync(DIST, old);
  renameSync(fresh, DIST);
  rmSync(old, { recursive: true, force: true });
  mkdirSync(dirname(STAMP), { recursive: true });
  writeFileSync(STAMP, "");
  // A file that changed meanwhile is newer than this, so the next build sees it.
  utimesSync(STAMP, startedAt, startedAt);
  return true;
}

/**
 * Removes the declarations that no public entry leads to: nobody can import them.
 *
 * @param {string} directory - of the build
 */
function pruneDeclarations(directory) {
  const all = readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".d.ts"));
  /** @type {Set<string>} */
  const needed = new Set(publicDeclarations(all));
  for (const path of needed) {
    const text = readFileSync(join(directory, path), "utf8");
    for (const [, specifier = ""] of text.matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g))
      needed.add(join(dirname(path), specifier.replace(/\.ts$/, ".d.ts")));
  }
  for (const path of all) if (!needed.has(path)) rmSync(join(directory, path));
}

/** @param {readonly string[]} all - declarations, below dist @returns {string[]} those that package.json exports */
function publicDeclarations(all) {
  const { exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  return Object.values(exports).flatMap((target) => {
    if (typeof target?.types !== "string") return [];
    const [before = "", after] = target.types.replace("./dist/", "").split("*");
    if (after === undefined) return [before];
    return all.filter((path) => path.startsWith(before) && !path.slice(before.length).includes("/"));
  });
}

/** @param {string} directory @returns {Promise<boolean>} false when the bundler failed; it is printed why */
async function tryBundle(directory) {
  try {
    await Promise.all([bundle(directory), buildPage()]);
    return true;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return false;
  }
}

/**
 * Builds dist/ when it is missing or older than its sources.
 *
 * @returns {Promise<boolean>} false when the build failed; it is printed why
 */
export async function ensureBuilt() {
  if (isBuilt()) return true;
  console.log("Building dist");
  return build();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  process.exitCode = (await ensureInstalled()) && (await build()) ? 0 : 1;
}
