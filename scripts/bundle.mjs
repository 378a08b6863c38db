// Joins the modules of src/ into few files: a process that starts reads a dozen of them in place of a hundred. Each entry keeps its
// path, what entries share lies in chunks/, and each module is in one file only, so that a class is the same whoever imports it.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";

import { ROOT } from "./project.mjs";

const SRC = join(ROOT, "src");

/** Entries of processes and of threads, which package.json does not export. */
const STARTED = [
  "cli/main",
  "guests/cgi/spawner-main",
  "server/loading/ask-script-main",
  "server/worker/event-loop-watch-thread",
  "middleware/auth/password-thread",
];

/** It awaits at its top level. Where the bundler sees such a module it merges no chunks, so this one is built by itself. */
const WORKER_MAIN = "server/worker/worker-main";

/** What that one imports; for the other build they are entries. */
const STARTED_BY_WORKER_MAIN = ["server/channel/worker-config", "server/worker/worker"];

/**
 * With what they import, the modules that are always loaded together: by the processes of `tsgi app.ts` (the arbiter, its workers, their
 * thread), by an application of the framework, by its test client.
 */
const LOADED = {
  command: ["cli/main"],
  arbiter: ["cli/main", "cli/run-program", "cli/serve", "server/settings/resolve"],
  worker: [...STARTED_BY_WORKER_MAIN, "server/loading/load-application", "guests/typescript/load-target"],
  thread: ["server/worker/event-loop-watch-thread"],
  framework: ["direct", "hosts", "request", "rule", "url-for"].map((name) => `framework/${name}`),
  tests: ["testing/test-client"],
  /** What runs where there is no Node: a chunk of its own, into which nothing else may come. */
  portable: ["gateways/fetch/index"],
};

/** @typedef {Record<keyof typeof LOADED, boolean>} Loaders - who always loads a module */

/**
 * Chunks of what is always loaded; a module goes to the first that takes it. They follow the rooms, because the public entries import
 * from them too. All other chunks are found by the bundler.
 *
 * @type {Record<string, (by: Loaders, room: string) => boolean>}
 */
const CHUNKS = {
  portable: ({ portable }) => portable,
  core: ({ worker, framework }) => worker && framework,
  base: ({ arbiter, worker, thread }, room) => thread || (arbiter && worker && !/^(?:server|guests|cli)\b/.test(room)),
  processes: ({ arbiter, worker }) => arbiter && worker,
  wsgi: ({ worker }, room) => worker && /^(?:wsgi|middleware)\b/.test(room),
  http: ({ worker }, room) => worker && room.startsWith("http"),
  worker: ({ worker }) => worker,
  settings: ({ arbiter }, room) => arbiter && (room === "" || room.startsWith("server/settings")),
  command: ({ command }, room) => command && room === "cli",
  writing: ({ framework }, room) => framework && !room.startsWith("framework"),
  testing: ({ tests }) => tests,
};

/** Stands for `import.meta.url` of a module until its chunk is known. */
const PLACE = "__PLACE_OF_MODULE__";
const PLACE_CALL = new RegExp(String.raw`${PLACE}\("([^"]*)"\)`, "g");

/**
 * Writes the JavaScript of a build.
 *
 * @param {string} directory - of the build
 * @param {boolean} hasAllNames - whether variables and private members keep their names too, for a profile; it makes the files a tenth larger
 * @returns {Promise<void>}
 * @throws an Error of the bundler, when the sources do not fit together
 */
export async function bundle(directory, hasAllNames) {
  await Promise.all([
    write([...exportedEntries(), ...STARTED, ...STARTED_BY_WORKER_MAIN], directory, [ownPlace], hasAllNames),
    write([WORKER_MAIN], directory, [leaveImports], hasAllNames),
  ]);
}

/** @returns {Set<string>} the modules that package.json exports, as paths below src without the ending; `*` stands for each of its folder */
export function exportedEntries() {
  const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const names = Object.values(manifest.exports).flatMap((target) =>
    typeof target?.default !== "string" ? [] : [target.default.replace(/^\.\/dist\/(.*)\.js$/, "$1")],
  );
  return new Set(names.flatMap((name) => (basename(name) === "*" ? modulesIn(dirname(name)) : [name])));
}

/** @param {string} folder - below src */
function modulesIn(folder) {
  return readdirSync(join(SRC, folder))
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
    .map((file) => nameOf(join(SRC, folder, file)));
}

/** @param {string} path @returns {string} below src, with slashes and without the ending */
function nameOf(path) {
  return relative(SRC, path).replaceAll(sep, "/").replace(/\.ts$/, "");
}

/** @param {string} name */
function pathOf(name) {
  return join(SRC, `${name}.ts`);
}

/**
 * @param {string[]} entries
 * @param {string} directory - of the build
 * @param {import("rolldown").Plugin[]} plugins
 * @param {boolean} hasAllNames
 */
async function write(entries, directory, plugins, hasAllNames) {
  // Imported here, because this file is read before anything is installed.
  const { rolldown } = await import("rolldown");
  const build = await rolldown({
    cwd: ROOT,
    input: Object.fromEntries(entries.map((entry) => [entry, pathOf(entry)])),
    // Node's own modules are external like all others; with "node" the runtime of the bundler would import one.
    platform: "neutral",
    // Packages and Node's own modules.
    external: /^[^./]/,
    plugins: [...plugins, withoutIndentation],
  });
  await build.write({
    dir: directory,
    format: "esm",
    // A file is named after what it holds and keeps its name in the next build: a server goes on loading after an upgrade in its place.
    entryFileNames: "[name].js",
    chunkFileNames: ({ name, moduleIds }) => `chunks/${chunkName(name, moduleIds)}.js`,
    minifyInternalExports: false,
    // The names of errors are those of their classes.
    keepNames: true,
    comments: false,
    // What the package may weigh is limited. Lines, the order of statements and the names of functions and classes stay, so that a stack can
    // be read; variables and private members are shortened.
    minify: {
      compress: { target: "es2023", keepNames: { function: true, class: true }, sequences: false, joinVars: false },
      mangle: hasAllNames ? false : { toplevel: false, keepNames: true },
      codegen: { removeWhitespace: false },
    },
    // The package has no sources that a map could lead to: tools that read maps would miss them. A comment in front of each module says which
    // file it was.
    polyfillRequire: false,
    codeSplitting: { groups: chunkGroups() },
  });
  await build.close();
}

/** @returns {import("rolldown").CodeSplittingGroup[]} the first one wins */
function chunkGroups() {
  /** @type {((id: string) => Loaders) | undefined} */
  let loadersOf;
  return Object.entries(CHUNKS).map(([name, takes], index, { length }) => ({
    debugName: name,
    priority: length - index,
    name(id, context) {
      loadersOf ??= findLoaders(context);
      return context.getModuleInfo(id)?.isEntry !== true && takes(loadersOf(id), nameOf(dirname(id))) ? name : null;
    },
  }));
}

/**
 * @param {import("rolldown").ChunkingContext} context
 * @returns {(id: string) => Loaders}
 */
function findLoaders(context) {
  const loaders = Object.entries(LOADED).map(
    ([name, modules]) => /** @type {const} */ ([name, withImports(modules, context)]),
  );
  return (id) => /** @type {Loaders} */ (Object.fromEntries(loaders.map(([name, loaded]) => [name, loaded.has(id)])));
}

/**
 * @param {string[]} names
 * @param {import("rolldown").ChunkingContext} context
 */
function withImports(names, context) {
  const gone = names.find((name) => !existsSync(pathOf(name)));
  if (gone !== undefined) throw new Error(`LOADED of bundle.mjs names "${gone}", expected a module of src/`);
  const found = new Set(names.map(pathOf));
  for (const id of found) for (const each of context.getModuleInfo(id)?.importedIds ?? []) found.add(each);
  return found;
}

/**
 * @param {string} name - of a chunk of the list above, or of a module
 * @param {string[]} moduleIds - of the chunk
 */
function chunkName(name, moduleIds) {
  const module = moduleIds.findLast((id) => basename(id, ".ts") === name);
  return name in CHUNKS || module === undefined ? name : nameOf(module);
}

/**
 * Keeps the meaning of `import.meta.url`, wherever a module went: the place that it has among the sources.
 *
 * @type {import("rolldown").Plugin}
 */
const ownPlace = {
  name: "own-place",
  transform(code, id) {
    if (!code.includes("import.meta.url")) return null;
    return { code: code.replaceAll("import.meta.url", `${PLACE}("${nameOf(id)}.js")`), map: null };
  },
  renderChunk(code, { fileName }) {
    if (!code.includes(PLACE)) return null;
    const placed = code.replaceAll(PLACE_CALL, (_, place) =>
      place === fileName
        ? "import.meta.url"
        : `new URL("${relative(dirname(fileName), place).replaceAll(sep, "/")}", import.meta.url).href`,
    );
    return { code: placed, map: null };
  },
};

/**
 * Leaves the imports of the modules beside an entry as they are, but for the ending.
 *
 * @type {import("rolldown").Plugin}
 */
const leaveImports = {
  name: "leave-imports",
  resolveId(specifier, importer) {
    return importer === undefined ? null : { id: specifier.replace(/^(\.{1,2}\/.*)\.ts$/, "$1.js"), external: true };
  },
};

/**
 * Leaves out the tabs in front of lines, which are the bundler's: the sources have none there, not even in texts of several lines.
 *
 * @type {import("rolldown").Plugin}
 */
const withoutIndentation = {
  name: "without-indentation",
  generateBundle(_, files) {
    for (const file of Object.values(files)) {
      if (file.type === "chunk") file.code = file.code.replaceAll(/^\t+/gm, "");
    }
  },
};
