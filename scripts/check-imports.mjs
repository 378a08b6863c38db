// Checks the import rule of src/: rooms import in one direction, nobody imports an index.ts, no cycle of files, type imports
// included; a package that src imports is a dependency of the published package. Prints file:line for every violation.
// Usage: node scripts/check-imports.mjs [project folder]
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";

import ts from "typescript";

import { ROOT } from "./project.mjs";

const FOUNDATION = ["wsgi", "http", "protocols"];
const MIDDLE = ["gateways", "guests", "forms", "middleware", "deploy"];
const UPPER = ["server", "framework", "testing"];

/** What the files of each room may import, beside their own room and src/errors.ts. @type {Record<string, string[]>} */
const ARROWS = {
  ...Object.fromEntries(FOUNDATION.map((room) => [room, []])),
  ...Object.fromEntries(MIDDLE.map((room) => [room, FOUNDATION])),
  // The factory of a filter speaks PasteDeploy: its options are converted as the files of that room say.
  middleware: [...FOUNDATION, "deploy", "forms"],
  ...Object.fromEntries(UPPER.map((room) => [room, [...FOUNDATION, ...MIDDLE]])),
  cli: [...FOUNDATION, ...MIDDLE, ...UPPER],
};

/** The files outside of any room; everybody may import them, and they import only each other. */
const ROOT_FILES = [
  "code-cache.ts",
  "commander.ts",
  "errors.ts",
  "identity.ts",
  "is-file.ts",
  "load-jiti.ts",
  "nearest-name.ts",
  "nearest-file.ts",
  "own-exports.ts",
  "secret-name.ts",
];

/** @typedef {{ line: number, specifier: string, target: string | undefined }} Import - target: path below src, of relative ones */
/** @typedef {{ path: string, isTest: boolean, imports: Import[] }} SourceFile */

/**
 * @param {string} src
 * @param {string} path - below src
 * @returns {SourceFile}
 */
function readSource(src, path) {
  const text = readFileSync(join(src, path), "utf8");
  const imports = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName, pos }) => ({
    line: text.slice(0, pos).split("\n").length,
    specifier: fileName,
    target: fileName.startsWith(".") ? relative(src, join(src, dirname(path), fileName)) : undefined,
  }));
  return { path, isTest: path.endsWith(".test.ts"), imports };
}

/** @param {string} path - below src */
function roomOf(path) {
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : undefined;
}

/**
 * @param {SourceFile} file
 * @returns {string[]} what is wrong with where the file is
 */
function checkPlace(file) {
  const room = roomOf(file.path);
  if (room === undefined) {
    const isAllowed = file.isTest || ROOT_FILES.includes(file.path);
    return isAllowed ? [] : [`src/${file.path}:1 is in no room; only ${ROOT_FILES.join(", ")} may be`];
  }
  return Object.hasOwn(ARROWS, room)
    ? []
    : [`src/${file.path}:1 is in "${room}", which is no room of scripts/check-imports.mjs`];
}

/**
 * @param {SourceFile} file
 * @param {string} target - of a relative import
 * @param {string} src
 * @returns {string | undefined} what is wrong with it
 */
function checkRelative(file, target, src) {
  if (!existsSync(join(src, target))) return "which does not exist";
  if (target.startsWith("..")) return file.isTest ? undefined : "which is outside of src";
  if (target.endsWith("/index.ts") && !file.isTest) return "which is an index; import the file that owns the symbol";
  const from = roomOf(file.path);
  const to = roomOf(target);
  if (to === undefined || from === to || file.isTest) return undefined;
  if (from === undefined) return `which is in "${to}"; ${file.path} belongs to all rooms and imports none`;
  return ARROWS[from]?.includes(to) ? undefined : `which is in "${to}"; "${from}" may not import that room`;
}

/**
 * @param {SourceFile} file
 * @param {Import} entry - one by name
 * @param {{ name: string, runtime: Set<string>, development: Set<string> }} packages
 * @returns {string | undefined} what is wrong with it
 */
function checkNamed(file, entry, packages) {
  const { specifier } = entry;
  if (specifier.startsWith("node:")) return undefined;
  if (isBuiltin(specifier)) return `write "node:${specifier}"`;
  const name = specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
  if (name === packages.name) return "the package itself; import the file that owns the symbol";
  if (packages.runtime.has(name) || (file.isTest && packages.development.has(name))) return undefined;
  return "which is not among the dependencies of package.json";
}

/**
 * @param {SourceFile[]} files
 * @returns {string[]} one line for each cycle
 */
function findCycles(files) {
  const graph = new Map(files.map((file) => [file.path, file.imports]));
  /** @type {Map<string, "open" | "done">} */
  const states = new Map();
  /** @type {{ path: string, line: number }[]} */
  const trail = [];
  /** @type {string[]} */
  const cycles = [];
  const visit = (/** @type {string} */ path) => {
    states.set(path, "open");
    for (const { target, line } of graph.get(path) ?? []) {
      if (target === undefined || !graph.has(target)) continue;
      trail.push({ path, line });
      const state = states.get(target);
      if (state === "open") {
        const steps = trail.slice(trail.findIndex((step) => step.path === target));
        cycles.push(`cycle: ${steps.map((step) => `src/${step.path}:${step.line}`).join(" -> ")} -> src/${target}`);
      } else if (state === undefined) {
        visit(target);
      }
      trail.pop();
    }
    states.set(path, "done");
  };
  for (const { path } of files) if (!states.has(path)) visit(path);
  return cycles;
}

/**
 * Checks the imports of a project.
 *
 * @param {string} project - folder with package.json and src
 * @returns {{ violations: string[], files: number, imports: number }}
 */
export function checkImports(project) {
  const src = join(project, "src");
  const manifest = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
  const packages = {
    name: manifest.name,
    runtime: new Set(
      [manifest.dependencies, manifest.optionalDependencies, manifest.peerDependencies].flatMap((set) =>
        Object.keys(set ?? {}),
      ),
    ),
    development: new Set(Object.keys(manifest.devDependencies ?? {})),
  };
  const files = readdirSync(src, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .toSorted()
    .map((path) => readSource(src, path));
  const violations = files.flatMap((file) => [
    ...checkPlace(file),
    ...file.imports.flatMap((entry) => {
      const { target } = entry;
      const fault = target === undefined ? checkNamed(file, entry, packages) : checkRelative(file, target, src);
      return fault === undefined ? [] : [`src/${file.path}:${entry.line} imports "${entry.specifier}": ${fault}`];
    }),
  ]);
  violations.push(...findCycles(files.filter((file) => !file.isTest)));
  return { violations, files: files.length, imports: files.reduce((sum, file) => sum + file.imports.length, 0) };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { violations, files, imports } = checkImports(process.argv[2] ?? ROOT);
  for (const line of violations) console.error(line);
  console.log(`${files} files, ${imports} imports, ${violations.length} violations`);
  process.exitCode = violations.length === 0 ? 0 : 1;
}
