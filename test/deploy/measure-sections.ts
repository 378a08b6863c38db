// Measures how long a file of many sections takes to read and resolve: a composite of pipelines, and all of its sections.
// Usage: npx jiti test/deploy/measure-sections.ts [sections]
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadApp, loadContext } from "../../src/deploy/load.ts";

const count = Number(process.argv[2] ?? 1000);
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

async function timed(what: string, action: () => unknown): Promise<void> {
  const times: number[] = [];
  for (let round = 0; round < 7; round++) {
    const start = process.hrtime.bigint();
    await action();
    times.push(Number(process.hrtime.bigint() - start) / 1e6);
  }
  const [first = 0] = times;
  process.stdout.write(`${what}: first ${first.toFixed(1)} ms, best ${Math.min(...times).toFixed(1)} ms\n`);
}

writeFileSync(path, textOf(count));
writeFileSync(
  join(directory, "factories.mjs"),
  `export const app = () => () => []; export const filter = () => (app) => app;
   export const composite = async (loader, globals, locals) => { for (const name of Object.values(locals)) await loader.getApp(name, globals); return () => []; };`,
);
await timed(`read ${count} sections and resolve one`, () => loadContext("application", `config:${path}#v1`));
await timed(`load the application of ${count} sections, all pipelines built`, () => loadApp(`config:${path}`));
rmSync(directory, { recursive: true });
