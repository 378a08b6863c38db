// Finds the source file that a target names: a file as it is; a dotted module as Python would (`shop.wsgi` is shop/wsgi.ts, or
// shop/wsgi/index.ts) below the current directory; otherwise a package, resolved as an import from the current directory would be.
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { isFile } from "../../is-file.ts";
import { loadJiti } from "../../load-jiti.ts";
import { didYouMeanFile } from "../../nearest-file.ts";
import { didYouMean } from "../../nearest-name.ts";
import { TargetNotFoundError } from "./errors.ts";
import type { Target } from "./parse-target.ts";

/** Extensions in the order in which they are tried. */
const EXTENSIONS = [".ts", ".mts", ".cts", ".tsx", ".js", ".mjs", ".cjs", ".jsx"] as const;
const MODULE_ENDING = /\.(?:[mc]?[jt]sx?|py)$/;

/**
 * Finds the file of a target.
 *
 * @param directory - what relative names are relative to
 * @returns an absolute path
 * @throws TargetNotFoundError when nothing of that name exists
 */
export async function findSource(target: Target, directory: string): Promise<string> {
  if (target.isFile) {
    const path = resolve(directory, target.module);
    if (isFile(path)) return path;
    const what = existsSync(path) ? "it is not a regular file" : "no such file";
    throw new TargetNotFoundError(
      `Cannot find "${target.module}": ${what} (looked for ${path})${didYouMeanFile(path)}`,
    );
  }
  const local = findLocalModule(target.module, directory);
  const found = local ?? (await findPackage(target.module, directory));
  if (found !== undefined) return found;
  throw notFound(target.module, directory);
}

function findLocalModule(module: string, directory: string): string | undefined {
  const stem = resolve(directory, stemOf(module));
  for (const base of [stem, join(stem, "index")]) {
    for (const extension of EXTENSIONS) {
      if (isFile(base + extension)) return base + extension;
    }
  }
  return undefined;
}

/** Dots separate directories, as in Python, unless the name is a path or a scoped package. */
function stemOf(module: string): string {
  return module.includes("/") || /^\.+$/.test(module) ? module : module.replaceAll(".", "/");
}

async function findPackage(module: string, directory: string): Promise<string | undefined> {
  if (module.startsWith(".") || module.startsWith("/")) return undefined;
  // Node has no stable way to resolve an import from another directory than its own; jiti brings one with the right conditions.
  const jiti = loadJiti().createJiti(join(directory, "index.js"), { fsCache: false });
  const path = jiti.esmResolve(module, { try: true });
  return path === undefined || path === "" || path.startsWith("node:") ? undefined : fromUrl(path);
}

function fromUrl(path: string): string {
  return path.startsWith("file:") ? decodeURIComponent(new URL(path).pathname) : path;
}

function notFound(module: string, directory: string): TargetNotFoundError {
  const stem = stemOf(module);
  if (statSync(resolve(directory, module), { throwIfNoEntry: false })?.isDirectory() === true) {
    return new TargetNotFoundError(
      `Cannot load "${module}": it is a directory without index.ts or __init__.py; expected a file or a module`,
    );
  }
  return new TargetNotFoundError(
    `Cannot find the module "${module}": expected ${stem}.ts (.js, .mjs, .cjs …), ${join(stem, "index.ts")} or ${stem}.py in ${directory}, ` +
      `or a package in node_modules; --python finds what is installed for Python${pythonHint(stem, directory)}${moduleHint(stem, directory)}`,
  );
}

function pythonHint(stem: string, directory: string): string {
  return isFile(resolve(directory, `${stem}.py`)) ? ` (${stem}.py exists, but is Python)` : "";
}

/** The module that was probably meant, written as a target. */
function moduleHint(stem: string, directory: string): string {
  const path = resolve(directory, stem);
  try {
    const names = readdirSync(dirname(path), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() || MODULE_ENDING.test(entry.name))
      .map((entry) => entry.name.replace(MODULE_ENDING, ""));
    return didYouMean(basename(path), names);
  } catch {
    return ""; // The directory does not exist either.
  }
}
