// Imports a file of an application: with Node's own loader where it can, otherwise with jiti, which also reads enums, parameter
// properties, decorators, JSX, `./x.js` that means x.ts, and the paths of a tsconfig.json, on every version of Node. Both give the
// application the same instance of this package as the server's.
import { pathToFileURL } from "node:url";
import { codeCacheOf } from "../../code-cache.ts";
import { loadJiti } from "../../load-jiti.ts";
import { ownExports, PACKAGE_ROOT, tsconfigOf } from "../../own-exports.ts";
import { TargetLoadError, TargetSyntaxError } from "./errors.ts";
import { describeThrown, sourceExcerpt, userStack } from "./user-stack.ts";

/** Errors of Node's loader before any code ran: jiti may still be able to load the file. */
const LINK_ERRORS = new Set([
  "ERR_INVALID_TYPESCRIPT_SYNTAX",
  "ERR_MODULE_NOT_FOUND",
  "ERR_PACKAGE_PATH_NOT_EXPORTED",
  "ERR_REQUIRE_ESM",
  "ERR_UNKNOWN_FILE_EXTENSION",
  "ERR_UNSUPPORTED_DIR_IMPORT",
  "ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING",
  "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX",
  "MODULE_NOT_FOUND",
]);

/**
 * Imports a file.
 *
 * @param sourceFile - absolute path
 * @returns the namespace of the module; for CommonJS, `default` is `module.exports`
 * @throws TargetSyntaxError when this file or one that it imports cannot be parsed
 * @throws TargetLoadError when code of the application throws, or a module that it imports does not exist
 */
export async function importModule(sourceFile: string): Promise<object> {
  try {
    if (!isNativelyReadable(sourceFile)) return await importWithJiti(sourceFile);
    try {
      return (await import(pathToFileURL(sourceFile).href)) as object;
    } catch (error) {
      if (!isLinkError(error, sourceFile)) throw error;
      return await importWithJiti(sourceFile);
    }
  } catch (error) {
    throw explain(error, sourceFile);
  }
}

/** True if Node can load this kind of file. Whether the file has only erasable syntax shows when it is imported. */
function isNativelyReadable(sourceFile: string): boolean {
  if (/\.[mc]?js$/.test(sourceFile)) return true;
  return /\.[mc]?ts$/.test(sourceFile) && Boolean((process.features as { typescript?: unknown }).typescript);
}

function isLinkError(error: unknown, sourceFile: string): boolean {
  if (!(error instanceof Error)) return false;
  if ("code" in error && LINK_ERRORS.has(String(error.code))) return true;
  if (!(error instanceof SyntaxError)) return false;
  // A name that a JavaScript module does not export is an error; in TypeScript it may be a type, which only jiti can drop.
  if (error.message.includes("does not provide an export named")) return /\.[mc]?tsx?$/.test(sourceFile);
  // JSON.parse and the like throw a SyntaxError too, but from a line of running code.
  return /^\s+at (.*)$/m.exec(error.stack ?? "")?.[1]?.includes("node:") ?? true;
}

async function importWithJiti(sourceFile: string): Promise<object> {
  const jiti = loadJiti().createJiti(sourceFile, {
    interopDefault: false,
    jsx: true,
    fsCache: codeCacheOf(sourceFile),
    tsconfigPaths: tsconfigOf(sourceFile) ?? false,
    alias: ownExports(),
  });
  return toNamespace(await jiti.import<object>(sourceFile));
}

/** For CommonJS jiti gives `module.exports` itself, where Node's import gives a namespace with it as the default export. */
function toNamespace(exports: object): object {
  const isModule =
    "__esModule" in exports || (Symbol.toStringTag in exports && exports[Symbol.toStringTag] === "Module");
  return isModule ? exports : { default: exports };
}

function explain(error: unknown, sourceFile: string): TargetSyntaxError | TargetLoadError {
  const syntax = parseJitiSyntaxError(error);
  if (syntax !== undefined) {
    const { file, line, column, message } = syntax;
    const text = `Syntax error in ${file}:${line}:${column}: ${message}`;
    return new TargetSyntaxError(text, sourceExcerpt(file, line, column), { cause: error });
  }
  const missing = missingModule(error);
  if (missing !== undefined) {
    return new TargetLoadError(`"${sourceFile}" cannot be loaded: ${missing}`, "", { cause: error });
  }
  const what = firstLine(describeThrown(error));
  return new TargetLoadError(`"${sourceFile}" threw while loading: ${what}`, userStack(error, PACKAGE_ROOT), {
    cause: error,
  });
}

function parseJitiSyntaxError(
  error: unknown,
): { file: string; line: number; column: number; message: string } | undefined {
  if (!(error instanceof Error)) return undefined;
  const match = /^\w*ParseError: (.*?)\s*\n\s*(.+):(\d+):(\d+)\s*$/s.exec(error.message);
  if (match === null) return undefined;
  const [, message = "", file = "", line = "", column = ""] = match;
  return { file, line: Number(line), column: Number(column), message: firstLine(message) };
}

/** Names the import that cannot be found, in one line, without the lists that Node and jiti add. */
function missingModule(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  if (error.code !== "MODULE_NOT_FOUND" && error.code !== "ERR_MODULE_NOT_FOUND") return undefined;
  const importer =
    "requireStack" in error && Array.isArray(error.requireStack) ? String(error.requireStack[0]) : undefined;
  return `${asWritten(firstLine(error.message))}${importer === undefined ? "" : ` imported from ${importer}`}`;
}

/** Shows the specifier that the application wrote, where jiti shows the path it resolved `tsgi/middleware/nothing` to. */
function asWritten(message: string): string {
  for (const [specifier, file] of Object.entries(ownExports())) {
    if (message.includes(`${file}/`)) return message.replace(file, specifier);
  }
  return message;
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? text;
}
