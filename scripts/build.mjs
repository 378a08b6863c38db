// Builds dist/ from src/: tsc checks the types and writes the declarations, which are joined into few files (roll-up-declarations.mjs); so
// is the JavaScript (bundle.mjs); everything that is not TypeScript is copied. The page of JSONStore is built with it.
// The new dist replaces the old one only when it is complete; a failed build leaves the last good one.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
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
import { ROOT, TSC, run } from "./project.mjs";
import { rollUpDeclarations } from "./roll-up-declarations.mjs";

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
  const others = [
    "package.json",
    "tsconfig.json",
    "tsconfig.build.json",
    "scripts/build.mjs",
    "scripts/bundle.mjs",
    "scripts/roll-up-declarations.mjs",
  ];
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

/** @param {boolean} [hasAllNames] - see `bundle` @returns {Promise<boolean>} */
async function build(hasAllNames = false) {
  const startedAt = new Date();
  const fresh = `${DIST}.${process.pid}`;
  const parts = await Promise.all([
    tried(() => declare(fresh)),
    tried(() => bundle(fresh, hasAllNames)),
    tried(buildPage),
  ]);
  if (parts.includes(false)) {
    rmSync(fresh, { recursive: true, force: true });
    return false;
  }
  cpSync(join(ROOT, "src"), fresh, {
    recursive: true,
    filter: (path) => !path.endsWith(".ts") && !isForDevelopers(path),
  });
  stripComments(fresh);
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
 * Empties the lines of guests' programs that are comments: the package has no room for them. The lines themselves stay, for stacks; so does
 * the first of each file, which may be read by the interpreter.
 *
 * @param {string} directory - of the build
 */
function stripComments(directory) {
  for (const name of readdirSync(directory, { recursive: true, encoding: "utf8" })) {
    if (!/\.(?:py|rb|pm)$/.test(name)) continue;
    const path = join(directory, name);
    writeFileSync(path, withoutComments(readFileSync(path, "utf8")));
  }
}

/** @param {string} text - of a program in Python, Ruby or Perl @returns {string} */
export function withoutComments(text) {
  return text.replaceAll(/(?<=\n)[ \t]*#.*/g, "");
}

/**
 * @param {string} directory - of the build
 * @returns {Promise<boolean>} false when the types are wrong; it is printed where
 */
async function declare(directory) {
  const separate = `${directory}.types`;
  try {
    if ((await run(process.execPath, [TSC, "-p", "tsconfig.build.json", "--outDir", separate])) !== 0) return false;
    await rollUpDeclarations(separate, directory);
    return true;
  } finally {
    rmSync(separate, { recursive: true, force: true });
  }
}

/** @param {() => Promise<boolean | void>} part - of the build @returns {Promise<boolean>} false when it failed; it is printed why */
async function tried(part) {
  try {
    return (await part()) !== false;
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
  process.exitCode = (await ensureInstalled()) && (await build(process.argv.includes("--names"))) ? 0 : 1;
}
