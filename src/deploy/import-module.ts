// Finds and imports the JavaScript or TypeScript module that a configuration names. Node's own import() takes what it can; jiti
// takes TypeScript where Node does not (before 22.18), or where the syntax needs more than stripping types.
import { createRequire, isBuiltin } from "node:module";
import { extname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { isFile } from "../is-file.ts";
import { codeCacheOf } from "../code-cache.ts";
import { loadJiti } from "../load-jiti.ts";
import { ownExports, tsconfigOf } from "../own-exports.ts";

/** What a module exports. */
export type ModuleNamespace = Readonly<Record<string, unknown>>;

const TYPESCRIPT = new Set([".ts", ".mts", ".cts", ".tsx", ".jsx"]);
/** The endings of a module's file, in the order in which they are tried. */
export const EXTENSIONS: readonly string[] = [".ts", ".mts", ".js", ".mjs", ".cjs", ".cts", ".tsx", ".jsx"];
/** Codes with which Node refuses a TypeScript file before it has run any of it. */
const NATIVE_REFUSALS = new Set([
  "ERR_UNKNOWN_FILE_EXTENSION",
  "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX",
  "ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING",
  "ERR_INVALID_TYPESCRIPT_SYNTAX",
  "ERR_MODULE_NOT_FOUND",
]);
const DOTTED = /^\w+(?:\.\w+)+$/;
const EXPLICIT = /^(?:\.{0,2}[\\/]|[a-zA-Z]:[\\/])/;

/**
 * Finds the file of a module: next to `directory` (with or without its extension, `a.b` also as `a/b`), then in node_modules.
 *
 * @param name - as written in the configuration; with a leading `./`, `../` or `/` only the file is tried
 * @returns an absolute path, or null
 */
export function findModule(name: string, directory: string): string | null {
  const beside = probe(resolve(directory, name));
  if (beside !== null) return beside;
  if (EXPLICIT.test(name)) return null;
  const asPath = DOTTED.test(name) ? probe(resolve(directory, name.replaceAll(".", "/"))) : null;
  return asPath ?? findPackageModule(name, directory);
}

/**
 * Imports a module once.
 *
 * @param path - absolute
 * @throws whatever the module throws
 */
export async function importModule(path: string): Promise<ModuleNamespace> {
  const isTypeScript = TYPESCRIPT.has(extname(path));
  if (!isTypeScript) return (await import(pathToFileURL(path).href)) as ModuleNamespace;
  if ((process.features as { typescript?: unknown }).typescript) {
    try {
      return (await import(pathToFileURL(path).href)) as ModuleNamespace;
    } catch (error) {
      if (!NATIVE_REFUSALS.has((error as { code?: string }).code ?? "")) throw error;
    }
  }
  return importWithJiti(path);
}

/**
 * Returns an export of a module.
 *
 * @param attribute - name of the export, with dots for what is inside it; null for the default export
 * @returns undefined when it is not there
 */
export function exportOf(module: ModuleNamespace, attribute: string | null): unknown {
  if (attribute === null) return module["default"];
  const [first = "", ...rest] = attribute.split(".");
  const root = first in module ? module[first] : memberOf(module["default"], first);
  return rest.reduce(memberOf, root);
}

function memberOf(object: unknown, name: string): unknown {
  const hasMembers = (typeof object === "object" && object !== null) || typeof object === "function";
  if (!hasMembers || !(name in object)) return undefined;
  const member = (object as Record<string, unknown>)[name];
  return typeof member === "function" && typeof object === "object" ? member.bind(object) : member;
}

function probe(base: string): string | null {
  if (EXTENSIONS.includes(extname(base)) && isFile(base)) return base;
  for (const extension of EXTENSIONS) if (isFile(base + extension)) return base + extension;
  for (const extension of EXTENSIONS)
    if (isFile(join(base, `index${extension}`))) return join(base, `index${extension}`);
  return null;
}

/** A package of its own name only: a name that Node has built in means Python's module here. */
function findPackageModule(name: string, directory: string): string | null {
  if (isBuiltin(name)) return null;
  const require = createRequire(join(directory, "package.json"));
  try {
    return require.resolve(name);
  } catch (error) {
    if ((error as { code?: string }).code !== "ERR_PACKAGE_PATH_NOT_EXPORTED") return null;
  }
  // The package can only be imported, not required: ask by the conditions of import.
  return resolveForImport(name, directory);
}

function resolveForImport(name: string, directory: string): string | null {
  const parentURL = pathToFileURL(join(directory, "package.json")).href;
  const url = loadJiti()
    .createJiti(parentURL, { fsCache: false })
    .esmResolve(name, { try: true, parentURL, conditions: ["node", "import"] });
  return url === undefined ? null : fileURLToPath(url);
}

async function importWithJiti(path: string): Promise<ModuleNamespace> {
  const jiti = loadJiti().createJiti(pathToFileURL(path).href, {
    interopDefault: false,
    jsx: true,
    fsCache: codeCacheOf(path),
    tsconfigPaths: tsconfigOf(path) ?? false,
    alias: ownExports(),
  });
  return await jiti.import<ModuleNamespace>(path);
}
