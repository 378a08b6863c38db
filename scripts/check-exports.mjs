// Checks the exports of package.json: every room with an index.ts is exported and the other way round, each exported entry can be
// imported from the built package by its public name, and has its types.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { ROOT } from "./project.mjs";

const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
/** @type {string[]} */
const faults = [];

const rooms = readdirSync(join(ROOT, "src"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(join(ROOT, "src", entry.name, "index.ts")))
  .map((entry) => entry.name);
const entries = Object.keys(manifest.exports).filter((entry) => entry !== "./package.json");

for (const room of rooms) {
  if (!entries.includes(`./${room}`))
    faults.push(`src/${room}/index.ts exists, but package.json does not export "./${room}"`);
}
for (const entry of entries) {
  const room = entry.slice(2);
  if (!rooms.includes(room)) {
    faults.push(`package.json exports "${entry}", but there is no src/${room}/index.ts`);
    continue;
  }
  const { types } = manifest.exports[entry];
  if (!existsSync(join(ROOT, types))) faults.push(`"${entry}" has no types: ${types} is not built`);
  try {
    const module = await import(`${manifest.name}/${room}`);
    if (Object.keys(module).length === 0) faults.push(`"${entry}" exports nothing`);
    if ("default" in module) faults.push(`"${entry}" has a default export`);
  } catch (error) {
    faults.push(`"${entry}" cannot be imported: ${error instanceof Error ? error.message : String(error)}`);
  }
}

for (const line of faults) console.error(line);
console.log(`${entries.length} public entries, ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
