// Checks the import rule of src/: rooms, and the rooms inside of rooms, import in one direction, nothing lies between them, nobody imports
// an index.ts, no cycle of files, type imports included; a package that src imports is a dependency of the published package. Prints
// file:line for every violation.
// Usage: node scripts/check-imports.mjs [project folder]
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";

import ts from "typescript";

import { ROOT } from "./project.mjs";

const FOUNDATION = ["protocols", "wsgi", "http"];
const MIDDLE = ["deploy", "forms", "gateways", "middleware", "guests"];
const UPPER = ["server", "testing"];

/**
 * What the files of each room may import, beside their own room and the files outside of any. A room imports only rooms that stand
 * above it in this list.
 *
 * @type {Record<string, readonly string[]>}
 */
export const ARROWS = {
  ...Object.fromEntries(FOUNDATION.map((room) => [room, []])),
  ...Object.fromEntries(MIDDLE.map((room) => [room, FOUNDATION])),
  // Both speak PasteDeploy: the factory of a filter converts its options, a guest finds its factories for INI files.
  middleware: [...FOUNDATION, "deploy", "forms"],
  guests: [...FOUNDATION, "deploy"],
  ...Object.fromEntries(UPPER.map((room) => [room, [...FOUNDATION, ...MIDDLE]])),
  // An application of the framework serves itself in a script, and gives its own test client.
  framework: [...FOUNDATION, ...MIDDLE, ...UPPER],
  cli: [...FOUNDATION, ...MIDDLE, ...UPPER, "framework"],
};

/**
 * A room that is divided into rooms.
 *
 * @typedef {object} Division
 * @property {readonly string[]} shared - flat files that all of its rooms may import; they import only each other
 * @property {readonly string[]} upper - flat files that may import its rooms, and that no room imports
 * @property {RegExp} [upperText] - what other flat files contain that count as upper; each may have a folder of its name
 * @property {Record<string, readonly string[]>} rooms - and which of the others each may import: such as stand above it
 */

/** Nothing else lies in these rooms. @type {Record<string, Division>} */
export const DIVISIONS = {
  gateways: {
    shared: [
      "access-entry.ts",
      "answer.ts",
      "application-calls.ts",
      "forwarded.ts",
      "gateway-environ.ts",
      "in-flight.ts",
      "request-id.ts",
      "trusted-proxies.ts",
      "watch-deadline.ts",
    ],
    upper: [],
    // front/: what the gateways behind another web server are made of.
    rooms: {
      http: [],
      fetch: [],
      node: [],
      front: [],
      fastcgi: ["front"],
      scgi: ["front"],
      uwsgi: ["front"],
      cgi: ["front"],
    },
  },
  middleware: {
    shared: ["errors.ts"],
    upper: ["index.ts"],
    // The middlewares, which an INI file can name.
    upperText: /^export (?:async )?(?:function|const) (?:filterFactory|compositeFactory)\b/m,
    rooms: { writing: [], auth: ["writing"], sessions: ["writing"] },
  },
  guests: {
    shared: [
      "answer-length.ts",
      "body-queue.ts",
      "failed-answer.ts",
      "request-headers.ts",
      "request-target.ts",
      "target-exit-codes.ts",
    ],
    upper: [],
    // Languages do not know each other, and the lane knows none of them.
    rooms: {
      lane: [],
      fetch: [],
      node: [],
      jsgi: [],
      typescript: ["lane", "fetch", "node", "jsgi"],
      python: ["lane"],
      command: ["lane"],
      perl: ["lane"],
      ruby: ["lane"],
      // upstream/: what the guests behind a socket are made of.
      upstream: [],
      cgi: ["upstream"],
      proxy: ["upstream"],
      fastcgi: ["upstream"],
      scgi: ["upstream"],
      uwsgi: ["upstream"],
    },
  },
  server: {
    shared: ["errors.ts"],
    upper: ["index.ts", "make-server.ts"],
    // The arbiter and its workers do not know each other: what both need lies in channel/, or further below.
    rooms: {
      sockets: [],
      metrics: [],
      logging: ["sockets"],
      settings: ["sockets", "logging"],
      channel: ["sockets", "metrics", "settings"],
      loading: ["sockets", "logging", "settings"],
      control: ["sockets", "metrics", "channel"],
      worker: ["sockets", "metrics", "logging", "settings", "channel", "loading"],
      arbiter: ["sockets", "metrics", "logging", "settings", "channel", "loading", "control"],
    },
  },
};

for (const table of [ARROWS, ...Object.values(DIVISIONS).map(({ rooms }) => rooms)]) {
  const names = Object.keys(table);
  for (const [index, name] of names.entries()) {
    const wrong = table[name]?.find((room) => !names.slice(0, index).includes(room));
    if (wrong !== undefined)
      throw new Error(`"${name}" of check-imports.mjs may import "${wrong}", expected a room above it`);
  }
}

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
  "reason-phrase.ts",
  "secret-name.ts",
];

/** @typedef {{ line: number, specifier: string, target: string | undefined }} Import - target: path below src, of relative ones */
/** @typedef {{ path: string, isTest: boolean, text: string, imports: Import[] }} SourceFile */

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
  return { path, isTest: path.endsWith(".test.ts"), text, imports };
}

/**
 * Reads all files of a folder.
 *
 * @param {string} src
 * @returns {SourceFile[]}
 */
export function readSources(src) {
  return readdirSync(src, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .toSorted()
    .map((path) => readSource(src, path));
}

/** @param {string} path - below src */
function roomOf(path) {
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : undefined;
}

/**
 * @param {SourceFile} file
 * @param {string} src
 * @returns {string[]} what is wrong with where the file is
 */
function checkPlace(file, src) {
  const room = roomOf(file.path);
  if (room === undefined) {
    const isAllowed = file.isTest || ROOT_FILES.includes(file.path);
    return isAllowed ? [] : [`src/${file.path}:1 is in no room; only ${ROOT_FILES.join(", ")} may be`];
  }
  if (!Object.hasOwn(ARROWS, room)) {
    return [
      `src/${file.path}:1 is in "${room}", which is no room; a new one belongs in ARROWS of scripts/check-imports.mjs`,
    ];
  }
  const division = DIVISIONS[room];
  const fault = division && checkInnerPlace(file, division, src);
  return fault === undefined ? [] : [`src/${file.path}:1 ${fault}`];
}

/**
 * @param {SourceFile} file - of a divided room
 * @param {Division} division - of that room
 * @param {string} src
 * @returns {string | undefined} what is wrong with where the file is
 */
function checkInnerPlace({ path, isTest, text }, division, src) {
  const { room, inner, rest } = splitPath(path);
  const { shared, upper, upperText, rooms } = division;
  if (inner !== undefined) {
    const isKnown = Object.hasOwn(rooms, inner) || (upperText && existsSync(join(src, room, `${inner}.ts`)));
    return isKnown
      ? undefined
      : `is in "${room}/${inner}", which is no room; a new one belongs in DIVISIONS.${room} of scripts/check-imports.mjs`;
  }
  if (isTest || shared.includes(rest) || upper.includes(rest) || upperText?.test(text)) return undefined;
  const owners = upperText === undefined ? [...shared, ...upper].join(", ") : `what matches ${upperText}`;
  return owners === "" ? `lies flat in "${room}"` : `lies flat in "${room}"; only ${owners} may`;
}

/**
 * @param {string} path - below src, in a room
 * @returns {{ room: string, inner: string | undefined, rest: string }} `inner`: the room inside the room
 */
export function splitPath(path) {
  const [room = "", ...parts] = path.split("/");
  return parts.length === 1
    ? { room, inner: undefined, rest: parts[0] ?? "" }
    : { room, inner: parts[0], rest: parts.slice(1).join("/") };
}

/**
 * @param {string} path - of the importing file
 * @param {string} target - in the same room
 * @returns {string | undefined} what is wrong with the import
 */
function checkInside(path, target) {
  const from = splitPath(path);
  const to = splitPath(target);
  const division = DIVISIONS[from.room];
  if (division === undefined) return undefined;
  const { shared, upperText, rooms } = division;
  const isToShared = to.inner === undefined && shared.includes(to.rest);
  if (from.inner === undefined && shared.includes(from.rest)) {
    return isToShared
      ? undefined
      : `which not all rooms of "${from.room}" may import; ${from.rest} belongs to all of them`;
  }
  if (from.inner === undefined || from.inner === to.inner) return undefined;
  // A folder of one upper file is a part of it.
  const isPartOfUpper = upperText !== undefined && !Object.hasOwn(rooms, from.inner);
  if (to.inner === undefined) {
    return isToShared || isPartOfUpper ? undefined : `which may import "${from.inner}", and not the other way round`;
  }
  const isAllowed = isPartOfUpper ? Object.hasOwn(rooms, to.inner) : rooms[from.inner]?.includes(to.inner);
  return isAllowed
    ? undefined
    : `which is in "${to.inner}"; "${from.inner}" may not import that room of "${from.room}"`;
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
  if (to === undefined || file.isTest) return undefined;
  if (from === to) return checkInside(file.path, target);
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
  const name = packageName(specifier);
  if (name === packages.name) return "the package itself; import the file that owns the symbol";
  if (packages.runtime.has(name) || (file.isTest && packages.development.has(name))) return undefined;
  return "which is not among the dependencies of package.json";
}

/**
 * @param {SourceFile[]} files
 * @param {string} folder - that their paths are below
 * @returns {string[]} one line for each cycle
 */
function findCycles(files, folder) {
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
        cycles.push(
          `cycle: ${steps.map((step) => `${folder}/${step.path}:${step.line}`).join(" -> ")} -> ${folder}/${target}`,
        );
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

/** @param {string} folder @returns {string[]} the folders in it, none where it is missing */
function foldersIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

/**
 * @param {string} project
 * @param {string} folder - of a private package, below the project
 * @param {Record<string, Record<string, string>> & { name: string }} manifest - of the published package
 * @returns {string[]} what is wrong with its imports
 */
function checkApp(project, folder, manifest) {
  const root = join(project, folder);
  const own = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const runtime = Object.keys({ ...own.dependencies, ...own.optionalDependencies, ...own.peerDependencies });
  const development = Object.keys({ ...own.devDependencies, ...manifest.devDependencies });
  const files = readSources(root);
  const faults = files.flatMap(({ path, isTest, imports }) =>
    imports.flatMap(({ line, specifier, target }) => {
      const isForDevelopers = isTest || !path.startsWith("src/");
      const name = packageName(specifier);
      const isKnown =
        target === undefined
          ? specifier.startsWith("node:") ||
            specifier.startsWith(`${manifest.name}/`) ||
            runtime.includes(name) ||
            (isForDevelopers && development.includes(name))
          : !target.startsWith("..") && existsSync(join(root, target));
      return isKnown
        ? []
        : [`${folder}/${path}:${line} imports "${specifier}": neither public, nor its own, nor declared`];
    }),
  );
  return [
    ...faults,
    ...findCycles(
      files.filter((file) => !file.isTest),
      folder,
    ),
  ];
}

/** @param {string} specifier @returns {string} the name of the package in it */
function packageName(specifier) {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
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
  const files = readSources(src);
  const violations = files.flatMap((file) => [
    ...checkPlace(file, src),
    ...file.imports.flatMap((entry) => {
      const { target } = entry;
      const fault = target === undefined ? checkNamed(file, entry, packages) : checkRelative(file, target, src);
      return fault === undefined ? [] : [`src/${file.path}:${entry.line} imports "${entry.specifier}": ${fault}`];
    }),
  ]);
  violations.push(
    ...findCycles(
      files.filter((file) => !file.isTest),
      "src",
    ),
  );
  const apps = foldersIn(join(project, "apps"));
  violations.push(...apps.flatMap((name) => checkApp(project, `apps/${name}`, manifest)));
  return { violations, files: files.length, imports: files.reduce((sum, file) => sum + file.imports.length, 0) };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { violations, files, imports } = checkImports(process.argv[2] ?? ROOT);
  for (const line of violations) console.error(line);
  console.log(`${files} files, ${imports} imports, ${violations.length} violations`);
  process.exitCode = violations.length === 0 ? 0 : 1;
}
