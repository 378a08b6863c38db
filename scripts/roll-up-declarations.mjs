// Joins the declarations that tsc wrote, one for each module, into few files: one for each public entry, and one for each room with
// what its entries and others share, in types/. Each type stands in one file only, so that it is the same whichever entry it comes from.
// What no public entry leads to is left out: nobody can import it.
import { dirname, join, relative, sep } from "node:path";

import { exportedEntries } from "./bundle.mjs";

const ENDING = ".d.ts";

/**
 * Writes the declarations of a build.
 *
 * @param {string} source - folder of the declarations that tsc wrote
 * @param {string} directory - of the build
 * @returns {Promise<void>}
 * @throws an Error of the bundler, when the declarations do not fit together
 */
export async function rollUpDeclarations(source, directory) {
  // Imported here, because this file is read before anything is installed.
  const [{ rolldown }, { dts }] = await Promise.all([import("rolldown"), import("rolldown-plugin-dts")]);
  const entries = exportedEntries();
  /** @param {string} id @returns {string | null} */
  const chunkOf = (id) => {
    const module = relative(source, id).slice(0, -ENDING.length).replaceAll(sep, "/");
    if (entries.has(module)) return null;
    return `${module.includes("/") ? module.slice(0, module.indexOf("/")) : "base"}.d`;
  };
  const build = await rolldown({
    cwd: source,
    // The plugin knows a declaration by the `.d` at the end of its name.
    input: Object.fromEntries([...entries].map((entry) => [`${entry}.d`, join(source, entry + ENDING)])),
    platform: "neutral",
    // Packages and Node's own modules.
    external: /^[^./]/,
    // What the option below about dependencies asks for. An entry exports no more than its source all the same.
    preserveEntrySignatures: "allow-extension",
    // It says that reading and writing declarations is what takes the time.
    checks: { pluginTimings: false },
    plugins: [declarationsOf, dts({ dtsInput: true, tsconfig: false })],
  });
  await build.write({
    dir: directory,
    format: "esm",
    entryFileNames: "[name].ts",
    chunkFileNames: "types/[name].ts",
    // An error of the compiler names a type as its source does.
    minifyInternalExports: false,
    codeSplitting: { includeDependenciesRecursively: false, groups: [{ debugName: "rooms", name: chunkOf }] },
  });
  await build.close();
}

/**
 * tsc leaves `./module.ts` in declarations; there, it stands for `./module.d.ts`.
 *
 * @type {import("rolldown").Plugin}
 */
const declarationsOf = {
  name: "declarations-of",
  resolveId(specifier, importer) {
    return importer !== undefined && /^\..*(?<!\.d)\.ts$/.test(specifier)
      ? join(dirname(importer), specifier.replace(/\.ts$/, ENDING))
      : null;
  },
};
