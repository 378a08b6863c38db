// The specifiers of this package, `tsgi/wsgi` and the like, with the files behind them. A loader that is given them loads for the
// application the same instance that the server runs, also where the command is installed globally and the application has no copy.
// Source: Node's rules for "exports" of a package (https://nodejs.org/api/packages.html#subpath-patterns).
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { findUpwards } from "./code-cache.ts";

/** Directory of this package; the file lies equally deep in src and in dist. */
export const PACKAGE_ROOT = fileURLToPath(new URL("../", import.meta.url));

type ExportTarget = string | { readonly default?: string } | null;

/**
 * Lists what this package exports. A pattern (`./middleware/*`) becomes an entry for each of its files: jiti takes an alias for a
 * prefix too, and of several takes the one with the most segments.
 *
 * @param root - of the package, with a slash at the end
 * @returns absolute path of the file by specifier
 */
export function ownExports(root = PACKAGE_ROOT): Record<string, string> {
  const { name, exports = {} } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    name: string;
    exports?: Record<string, ExportTarget>;
  };
  const files: Record<string, string> = {};
  for (const [subpath, target] of Object.entries(exports)) {
    const file = typeof target === "string" ? target : target?.default;
    if (file === undefined) continue;
    for (const [matched, path] of expand(subpath, file, root)) {
      // What a pattern matches may be taken back by an entry of its own.
      if (!subpath.includes("*") || !Object.hasOwn(exports, matched)) files[join(name, matched)] = join(root, path);
    }
  }
  return files;
}

/**
 * The tsconfig for the paths of an application. Our own is none: its paths name sources, and would load this package a second time.
 *
 * @param sourceFile - of the application
 */
export function tsconfigOf(sourceFile: string): string | undefined {
  const path = findUpwards(dirname(sourceFile), "tsconfig.json");
  return path === undefined || path === join(PACKAGE_ROOT, "tsconfig.json") ? undefined : path;
}

function expand(subpath: string, file: string, root: string): [subpath: string, file: string][] {
  if (!file.includes("*")) return [[subpath, file]];
  const [before = "", after = ""] = file.split("*");
  const folder = before.endsWith("/") ? before : `${dirname(before)}/`;
  return filesIn(join(root, folder))
    .map((each) => folder + each)
    .filter((path) => path.startsWith(before) && path.endsWith(after))
    .map((path) => [subpath.replace("*", path.slice(before.length, path.length - after.length)), path]);
}

/** Of the folder itself: what lies deeper is no entry. */
function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // A checkout that is not built.
    return [];
  }
}
