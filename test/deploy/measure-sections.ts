// Measures how long a file of many sections takes: to read it and resolve one section, and to build all of a composite of pipelines.
// Each time is that of a new process, as for a server that starts; importing TSGI (dist/) is not part of it.
// Usage: npm run build && npx jiti test/deploy/measure-sections.ts [sections] [processes]
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const LOADER = fileURLToPath(new URL("../../dist/deploy/index.js", import.meta.url));
const count = Number(process.argv[2] ?? 1000);
const processes = Number(process.argv[3] ?? 10);
const directory = mkdtempSync(join(tmpdir(), "tsgi-sections-"));
const path = join(directory, "app.ini");

/** Three sections a version: a pipeline, a filter, an application; one of each in ten with `use` and `filter-with`. */
function textOf(sections: number): string {
  const versions = Math.floor((sections - 1) / 3);
  const lines = [
    "[DEFAULT]",
    "data = %(here)s/data",
    "debug = false",
    "[composite:main]",
    "use = call:factories:composite",
  ];
  for (let index = 0; index < versions; index++) lines.push(`/v${index} = v${index}`);
  for (let index = 0; index < versions; index++) {
    const isChained = index % 10 === 9;
    lines.push(`[pipeline:v${index}]`, `pipeline = f${index} f0 a${index}`);
    lines.push(`[filter:f${index}]`, isChained ? "use = f0" : "use = call:factories:filter", "path = %(data)s/x");
    lines.push(`[app:a${index}]`, isChained ? "use = a0" : "use = call:factories:app", `name = app ${index} %(data)s`);
    lines.push("set debug = true", "get level = debug", ...(isChained ? ["filter-with = f0"] : []));
  }
  return `${lines.join("\n")}\n`;
}

/** The time that a new process takes for an expression, in milliseconds. */
function timeOf(expression: string): number {
  const program = `
    import { loadApp, loadContext } from ${JSON.stringify(LOADER)};
    const start = performance.now();
    await ${expression};
    process.stdout.write(String(performance.now() - start));`;
  const args = ["--input-type=module", "--eval", program];
  return Number(execFileSync(process.execPath, args, { encoding: "utf8" }));
}

function measure(what: string, expression: string): void {
  const times = Array.from({ length: processes }, () => timeOf(expression)).toSorted((one, other) => one - other);
  const [least = 0] = times;
  const median = times[Math.floor(times.length / 2)] ?? 0;
  process.stdout.write(`${what}: least ${least.toFixed(1)} ms, median ${median.toFixed(1)} ms\n`);
}

writeFileSync(path, textOf(count));
writeFileSync(
  join(directory, "factories.mjs"),
  `export const app = () => () => []; export const filter = () => (app) => app;
   export const composite = async (loader, globals, locals) => { for (const name of Object.values(locals)) await loader.getApp(name, globals); return () => []; };`,
);
const uri = `config:${path}`;
measure(`read ${count} sections and resolve one`, `loadContext("application", ${JSON.stringify(`${uri}#v1`)})`);
measure(`load ${count} sections, all pipelines built`, `loadApp(${JSON.stringify(uri)})`);
rmSync(directory, { recursive: true });
