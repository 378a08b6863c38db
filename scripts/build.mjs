// Builds dist/ from src/: tsc checks the types and writes the declarations, one file per module; the JavaScript is bundled into few
// files (bundle.mjs); everything that is not TypeScript is copied.
// The new dist replaces the old one only when it is complete; a failed build leaves the last good one.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

import { bundle } from "./bundle.mjs";
import { ensureInstalled } from "./install.mjs";
import { ROOT, run } from "./project.mjs";

const DIST = join(ROOT, "dist");
const STAMP = join(ROOT, ".cache", "built");

/** What a build depends on. A folder counts too: its time changes when a file in it comes or goes. */
function inputs() {
  const src = join(ROOT, "src");
  const below = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((path) => !path.endsWith(".test.ts"));
  const others = ["package.json", "tsconfig.json", "tsconfig.build.json", "scripts/build.mjs", "scripts/bundle.mjs"];
  return [src, ...below.map((path) => join(src, path)), ...others.map((path) => join(ROOT, path))];
}

function isBuilt() {
  if (!existsSync(DIST) || !existsSync(STAMP)) return false;
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
  cpSync(join(ROOT, "src"), fresh, {
    recursive: true,
    filter: (path) => !path.endsWith(".ts") && !path.includes("__pycache__"),
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

/** @param {string} directory @returns {Promise<boolean>} false when the bundler failed; it is printed why */
async function tryBundle(directory) {
  try {
    await bundle(directory);
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
