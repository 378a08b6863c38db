// Installs the npm packages of package-lock.json when they are missing or of another version.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { ROOT, run } from "./project.mjs";

/** @typedef {{ version?: string, link?: boolean, optional?: boolean, peer?: boolean }} LockedPackage */

/**
 * @param {string} path
 * @returns {Record<string, LockedPackage> | undefined} the packages of a lock file; undefined where there is none
 */
function lockedPackages(path) {
  try {
    return JSON.parse(readFileSync(join(ROOT, path), "utf8")).packages;
  } catch {
    return undefined;
  }
}

/** Tells whether node_modules holds what package-lock.json asks for. npm leaves a record of what it installed. */
function isInstalled() {
  const wanted = lockedPackages("package-lock.json");
  const present = lockedPackages("node_modules/.package-lock.json");
  if (wanted === undefined || present === undefined) return false;
  return Object.entries(wanted).every(([path, { version, link, optional }]) => {
    // The package itself, and the private ones of apps/ beside it.
    if (!path.startsWith("node_modules/") || link === true) return true;
    const installed = present[path];
    return installed === undefined ? optional === true : installed.version === version;
  });
}

/**
 * Installs the npm packages where needed.
 *
 * @returns {Promise<boolean>} false when npm failed; it has said why
 */
export async function ensureInstalled() {
  if (isInstalled()) return true;
  console.log("Installing the npm packages of package-lock.json");
  return (await run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"])) === 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) process.exitCode = (await ensureInstalled()) ? 0 : 1;
