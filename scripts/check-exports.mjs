// Checks the exports of package.json: every room with an index.ts is exported and the other way round, each exported entry can be
// imported from the built package by its public name, and has its types. The declarations, which a bundler wrote, are complete for the
// compiler and for an editor.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";

import { ROOT } from "./project.mjs";

const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
/** @type {string[]} */
const faults = [];

const rooms = readdirSync(join(ROOT, "src"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(join(ROOT, "src", entry.name, "index.ts")))
  .map((entry) => entry.name);
const entries = Object.keys(manifest.exports)
  .filter((entry) => entry !== "./package.json" && manifest.exports[entry] !== null)
  .flatMap((entry) =>
    entry.endsWith("/*") ? expand(entry) : [{ name: entry.slice(2), types: manifest.exports[entry].types, entry }],
  );

/**
 * `./room/*` stands for each file of the room.
 *
 * @param {string} entry
 * @returns {{ name: string, types: string, entry: string }[]}
 */
function expand(entry) {
  const room = entry.slice(2, -2);
  return readdirSync(join(ROOT, "src", room))
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
    .map((file) => file.slice(0, -3))
    .filter((file) => manifest.exports[`./${room}/${file}`] !== null)
    .map((file) => ({
      name: `${room}/${file}`,
      types: manifest.exports[entry].types.replace("*", file),
      entry: `./${room}/${file}`,
    }));
}

// A folder of middleware is an entry of its own or closed: a pattern takes slashes, too.
const folders = readdirSync(join(ROOT, "src", "middleware"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => `./middleware/${name}/*`);
for (const entry of folders) {
  if (manifest.exports[entry] !== null) faults.push(`package.json does not close "${entry}", expected null`);
}
for (const entry of Object.keys(manifest.exports)) {
  if (/^\.\/middleware\/.+\/\*$/.test(entry) && !folders.includes(entry)) {
    faults.push(`package.json has "${entry}", but there is no such folder`);
  }
}
for (const room of rooms) {
  if (!entries.some(({ name }) => name === room))
    faults.push(`src/${room}/index.ts exists, but package.json does not export "./${room}"`);
}
for (const { name, types, entry } of entries) {
  if (entry !== "." && !name.includes("/") && !rooms.includes(name)) {
    faults.push(`package.json exports "${entry}", but there is no src/${name}/index.ts`);
    continue;
  }
  if (!existsSync(join(ROOT, types))) faults.push(`"${entry}" has no types: ${types} is not built`);
  try {
    const module = await import(entry === "." ? manifest.name : `${manifest.name}/${name}`);
    if (rooms.includes(name) && Object.keys(module).length === 0) faults.push(`"${entry}" exports nothing`);
    if ("default" in module) faults.push(`"${entry}" has a default export`);
  } catch (error) {
    faults.push(`"${entry}" cannot be imported: ${error instanceof Error ? error.message : String(error)}`);
  }
}

faults.push(...declarationFaults(entries.map(({ types }) => join(ROOT, types)).filter((path) => existsSync(path))));

/** @param {string[]} paths - of the declarations of all entries @returns {string[]} */
function declarationFaults(paths) {
  const program = ts.createProgram(paths, {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    lib: ["lib.es2023.d.ts"],
    types: ["node"],
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
  });
  const own = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(join(ROOT, "dist")));
  return own.flatMap((file) => {
    const place = relative(ROOT, file.fileName);
    const errors = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
    return [
      ...errors.map(({ messageText }) => `${place}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`),
      // The bundler puts it there in some object types; to the compiler it belongs to what stands before it. An interface has it right.
      ...(/; *\/\*\*/.test(file.text) ? [`${place}: a doc block stands behind a member, expected it before one`] : []),
    ];
  });
}

for (const line of faults) console.error(line);
console.log(`${entries.length} public entries, ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
