// `npm run generate`: writes every file that a program writes: SPEC.md, pages of docs/, the picture of the rooms, the tables of bench/README.md.
// With --check nothing is written; ends with 1 when a file is not what its program would write, and says which.
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { ensureInstalled } from "./install.mjs";
import { ROOT, capture } from "./project.mjs";

/** Each writes its files, or with --check says which are stale and ends with 1. */
const GENERATORS = [
  "scripts/generate-spec.ts",
  "scripts/generate-settings.ts",
  "scripts/generate-deploy.ts",
  "scripts/generate-matrix.ts",
  "scripts/generate-api.ts",
  "scripts/generate-cli.ts",
  "scripts/generate-environ.ts",
  "scripts/generate-errors.ts",
  "scripts/generate-jsonstore.ts",
  "scripts/generate-man.ts",
  "scripts/generate-architecture.mjs",
  "bench/readme.mjs",
];

/**
 * Runs all generators.
 *
 * @param {boolean} isCheck - only say what is stale
 * @returns {Promise<{ code: number, output: string }>} code 1 when one failed or is stale, and what they said
 */
export async function generate(isCheck) {
  const outcomes = [];
  for (const generator of GENERATORS) {
    const args = [join(ROOT, "node_modules", ".bin", "jiti"), generator, ...(isCheck ? ["--check"] : [])];
    outcomes.push(await capture(process.execPath, args));
  }
  return {
    code: outcomes.every(({ code }) => code === 0) ? 0 : 1,
    output: outcomes.map(({ output }) => output).join(""),
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { code, output } = (await ensureInstalled())
    ? await generate(process.argv.includes("--check"))
    : { code: 1, output: "" };
  process.stdout.write(output);
  process.exitCode = code;
}
