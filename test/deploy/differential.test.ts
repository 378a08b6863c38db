// Compares what TSGI and the real PasteDeploy make of generated configurations (2,000 with TSGI_TEST_FULL=1): the context tree, the objects
// built from it, or the kind of error. Deliberate differences are patched into a second copy of PasteDeploy (differential/reference.py).
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Context } from "../../src/deploy/context.ts";
import { DeployError } from "../../src/deploy/errors.ts";
import { loadApp, loadContext, loadFilter, loadServer } from "../../src/deploy/load.ts";
import type { WSGIApplication } from "../../src/wsgi/types.ts";
import { inFull } from "../in-full.ts";
import { generateCase, type GeneratedCase } from "./differential/generate-ini.ts";

const CASES = inFull(600, 2000);
const here = fileURLToPath(new URL("differential", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "tsgi-deploy-"));
const cases = Array.from({ length: CASES }, (_, seed) => generateCase(seed));

interface Answers {
  readonly original: unknown;
  readonly patched: unknown;
}

let answers: Answers[] = [];
const outcomes: unknown[] = [];

beforeAll(async () => {
  installFakes();
  cases.forEach(writeCase);
  answers = askPython();
  for (const [index, generated] of cases.entries()) outcomes.push(await load(generated, index));
}, 120_000);

afterAll(() => rmSync(root, { recursive: true, force: true }));

describe(`${CASES} generated configurations`, () => {
  test("give what PasteDeploy gives, apart from the listed differences", () => {
    const different = cases.flatMap((generated, index) =>
      isEqual(outcomes[index], answers[index]?.patched) ? [] : [report(generated, index)],
    );
    expect(different.slice(0, 5)).toEqual([]);
  });

  test("need the listed differences only in few cases", () => {
    const same = cases.filter((_, index) => isEqual(outcomes[index], answers[index]?.original));
    expect(same.length / CASES).toBeGreaterThan(0.75);
  });

  test("load in most cases, and cover every kind of node and of error", () => {
    const text = JSON.stringify(answers);
    const loaded = answers.filter(({ patched }) => "made" in (patched as object));
    expect(loaded.length / CASES).toBeGreaterThan(0.5);
    for (const kind of ["pipeline", "filter-app", "filter-with", "application", "filter", "server"]) {
      expect(text).toContain(`"kind":"${kind}"`);
    }
    for (const code of ERRORS) expect(text).toContain(code);
  });
});

const ERRORS = [
  "ERR_TSGI_INI_NO_SECTION",
  "ERR_TSGI_INI_SYNTAX",
  "ERR_TSGI_INI_DUPLICATE_SECTION",
  "ERR_TSGI_INI_DUPLICATE_KEY",
  "ERR_TSGI_INTERPOLATION_SYNTAX",
  "ERR_TSGI_INTERPOLATION_MISSING",
  "ERR_TSGI_INTERPOLATION_DEPTH",
  "ERR_TSGI_DEPLOY_URI",
  "ERR_TSGI_DEPLOY_SECTION_MISSING",
  "ERR_TSGI_DEPLOY_SECTION_AMBIGUOUS",
  "ERR_TSGI_DEPLOY_NO_FACTORY",
  "ERR_TSGI_DEPLOY_MULTIPLE_PROTOCOLS",
  "ERR_TSGI_DEPLOY_KEY_MISSING",
  "ERR_TSGI_DEPLOY_KEY_EXTRA",
  "ERR_TSGI_DEPLOY_PIPELINE_EMPTY",
  "ERR_TSGI_DEPLOY_GLOBAL_MISSING",
  "ERR_TSGI_DEPLOY_CYCLE",
  "ERR_TSGI_DEPLOY_FACTORY",
];

function directoryOf(index: number): string {
  return join(root, `case-${index}`);
}

function uriOf(generated: GeneratedCase, index: number): string {
  return `config:${join(directoryOf(index), "app.ini")}${generated.fragment === null ? "" : `#${generated.fragment}`}`;
}

function writeCase(generated: GeneratedCase, index: number): void {
  mkdirSync(directoryOf(index));
  for (const [name, text] of Object.entries(generated.files)) writeFileSync(join(directoryOf(index), name), text);
}

function askPython(): Answers[] {
  const virtual = fileURLToPath(new URL("../../.cache/venv/bin/python", import.meta.url));
  const requests = cases.map((generated, index) => {
    const { wanted, name, globalConf } = generated;
    return `${JSON.stringify({ wanted, name, globalConf, uri: uriOf(generated, index) })}\n`;
  });
  const python = existsSync(virtual) ? virtual : "python3";
  const run = spawnSync(python, ["-X", "utf8", join(here, "reference.py")], {
    input: requests.join(""),
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (run.status !== 0) throw new Error(`${python} cannot run PasteDeploy: ${run.stderr}`);
  return run.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Answers);
}

async function load(generated: GeneratedCase, index: number): Promise<unknown> {
  const options = { name: generated.name, globalConf: generated.globalConf, onWarning: () => {} };
  const uri = uriOf(generated, index);
  try {
    const context = loadContext(generated.wanted, uri, options);
    return { context: dump(context), made: await build(generated.wanted, uri, options) };
  } catch (error) {
    if (error instanceof DeployError) return { error: error.code };
    throw error;
  }
}

async function build(wanted: GeneratedCase["wanted"], uri: string, options: object): Promise<unknown> {
  const innermost = Object.assign(() => [], { tree: { app: "innermost" } }) as WSGIApplication;
  if (wanted === "application") return ((await loadApp(uri, options)) as unknown as { tree: unknown }).tree;
  if (wanted === "server") return (await loadServer(uri, options))(innermost);
  return ((await loadFilter(uri, options))(innermost) as unknown as { tree: unknown }).tree;
}

function dump(context: Context): unknown {
  const node = { global: context.globals.toObject(), local: context.locals.toObject() };
  switch (context.kind) {
    case "pipeline":
      return { ...node, kind: context.kind, filters: context.filters.map(dump), app: dump(context.app) };
    case "filter-app":
    case "filter-with":
      return { ...node, kind: context.kind, filter: dump(context.filter), next: dump(context.next) };
    case "factory": {
      const { reference } = context;
      const spec = reference.kind === "egg" ? reference.name : reference.spec;
      return { ...node, kind: context.wanted, factory: /\w+$/.exec(spec)?.[0] };
    }
  }
}

function report(generated: GeneratedCase, index: number): unknown {
  return { seed: index, generated, tsgi: outcomes[index], paste: answers[index]?.patched };
}

function isEqual(left: unknown, right: unknown): boolean {
  return canonical(left) === canonical(right);
}

/** JSON with sorted keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** The factories are a package above all cases, found as node_modules are. */
function installFakes(): void {
  const target = join(root, "node_modules", "fakes");
  mkdirSync(target, { recursive: true });
  copyFileSync(join(here, "fakes.ts"), join(target, "fakes.ts"));
  writeFileSync(join(target, "package.json"), JSON.stringify({ name: "fakes", type: "module", main: "./fakes.ts" }));
}
