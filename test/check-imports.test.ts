// The import rule must fail on what it forbids: each case is a small project with one violation.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterEach, describe, expect, test } from "vitest";

const SCRIPT = fileURLToPath(new URL("../scripts/check-imports.mjs", import.meta.url));
const projects: string[] = [];

const { checkImports } = (await import(SCRIPT)) as {
  checkImports: (project: string) => { violations: string[] };
};

function makeProject(files: Record<string, string>): string {
  const project = mkdtempSync(join(tmpdir(), "tsgi-imports-"));
  projects.push(project);
  const manifest = { name: "tsgi", dependencies: { mime: "1" }, devDependencies: { vitest: "1" } };
  for (const [path, text] of Object.entries({ "package.json": JSON.stringify(manifest), ...files })) {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    writeFileSync(join(project, path), text);
  }
  return project;
}

afterEach(() => {
  for (const project of projects.splice(0)) rmSync(project, { recursive: true });
});

const ALLOWED = {
  "src/errors.ts": "export const a = 1;",
  "src/wsgi/a.ts": `import { a } from "../errors.ts"; import mime from "mime"; import { join } from "node:path";`,
  "src/wsgi/a.test.ts": `import { test } from "vitest"; import { b } from "../server/worker/b.ts"; import { help } from "../../test/help.ts";`,
  "src/server/worker/b.ts": `import type { A } from "../../wsgi/a.ts"; export { c } from "../../gateways/http/c.ts";`,
  "src/gateways/http/c.ts": `import { a } from "../../wsgi/a.ts";`,
  "src/server/errors.ts": "",
  "src/server/make-server.ts": `import { b } from "./worker/b.ts";`,
  "src/server/channel/e.ts": `import "../errors.ts";`,
  "src/server/arbiter/f.ts": `import "../channel/e.ts";`,
  "src/middleware/errors.ts": "",
  "src/middleware/writing/g.ts": `import "../errors.ts";`,
  "src/middleware/thing.ts": `import "./writing/g.ts"; import "./thing/part.ts";\nexport function filterFactory() {}`,
  "src/middleware/thing/part.ts": `import "../writing/g.ts"; import "../other.ts";`,
  "src/middleware/other.ts": "export function compositeFactory() {}",
  "src/guests/lane/h.ts": "",
  "src/guests/python/i.ts": `import "../lane/h.ts";`,
  "src/cli/d.ts": `const b = await import("../server/worker/b.ts");`,
  "test/help.ts": "",
  "apps/shop/package.json": JSON.stringify({ name: "shop", dependencies: { pg: "8" } }),
  "apps/shop/src/a.ts": `import "./b.ts"; import "tsgi/wsgi"; import "pg"; import "node:fs";`,
  "apps/shop/src/b.ts": "",
  "apps/shop/src/b.test.ts": `import "vitest"; import "../test/c.ts";`,
  "apps/shop/test/c.ts": "",
};

describe("check-imports", () => {
  test("accepts imports that follow the arrows", () => {
    expect(checkImports(makeProject(ALLOWED)).violations).toEqual([]);
  });

  test("as a program ends with 1 and says where", () => {
    const good = spawnSync(process.execPath, [SCRIPT, makeProject(ALLOWED)], { encoding: "utf8" });
    expect(good).toMatchObject({ status: 0, stderr: "" });
    const bad = makeProject({ ...ALLOWED, "src/wsgi/x.ts": `import "fs";` });
    const outcome = spawnSync(process.execPath, [SCRIPT, bad], { encoding: "utf8" });
    expect(outcome).toMatchObject({ status: 1, stderr: `src/wsgi/x.ts:1 imports "fs": write "node:fs"\n` });
  });

  test.each<[what: string, files: Record<string, string>, error: RegExp]>([
    [
      "an app that reaches into src",
      { "apps/shop/src/b.ts": `import "../../../src/errors.ts";` },
      /apps\/shop\/src\/b\.ts:1 .*neither public/,
    ],
    ["an app with an undeclared package", { "apps/shop/src/b.ts": `import "mime";` }, /imports "mime": neither public/],
    ["a cycle in an app", { "apps/shop/src/b.ts": `import "./a.ts";` }, /^cycle: apps\/shop\/src\/a\.ts:1 -> /],
    [
      "an import against the arrows",
      { "src/http/x.ts": `\n\nimport { a } from "../wsgi/a.ts";` },
      /^src\/http\/x\.ts:3 imports "\.\.\/wsgi\/a\.ts": which is in "wsgi"; "http" may not import that room$/,
    ],
    [
      "a type import against the arrows",
      { "src/wsgi/x.ts": `import type { B } from "../server/worker/b.ts";` },
      /^src\/wsgi\/x\.ts:1 .*"wsgi" may not import that room$/,
    ],
    [
      "a re-export against the arrows",
      { "src/gateways/http/x.ts": `export * from "../../server/worker/b.ts";` },
      /^src\/gateways\/http\/x\.ts:1 .*"gateways" may not import that room$/,
    ],
    [
      "a dynamic import against the arrows",
      { "src/testing/x.ts": `const d = await import("../cli/d.ts");` },
      /^src\/testing\/x\.ts:1 .*"testing" may not import that room$/,
    ],
    [
      "an import of a language by the lane",
      { "src/guests/lane/x.ts": `import type { I } from "../python/i.ts";` },
      /^src\/guests\/lane\/x\.ts:1 .*which is in "python"; "lane" may not import that room of "guests"$/,
    ],
    [
      "an import of one language by another",
      { "src/guests/typescript/x.ts": `import "../python/i.ts";` },
      /^src\/guests\/typescript\/x\.ts:1 .*which is in "python"; "typescript" may not import that room of "guests"$/,
    ],
    [
      "an import of an index",
      {
        "src/wsgi/index.ts": `export { a } from "./a.ts";`,
        "src/server/worker/x.ts": `import { a } from "../../wsgi/index.ts";`,
      },
      /^src\/server\/worker\/x\.ts:1 .*which is an index; import the file that owns the symbol$/,
    ],
    [
      "an import of the package by its own name",
      { "src/server/worker/x.ts": `import { a } from "tsgi/wsgi";` },
      /^src\/server\/worker\/x\.ts:1 .*the package itself/,
    ],
    [
      "a development package in the product",
      { "src/wsgi/x.ts": `import { test } from "vitest";` },
      /^src\/wsgi\/x\.ts:1 imports "vitest": which is not among the dependencies of package\.json$/,
    ],
    ["a module of Node without node:", { "src/wsgi/x.ts": `import "fs";` }, /write "node:fs"$/],
    ["a file that does not exist", { "src/wsgi/x.ts": `import "./y.ts";` }, /which does not exist$/],
    ["a file outside of src", { "src/wsgi/x.ts": `import "../../test/help.ts";` }, /which is outside of src$/],
    ["a file in no room", { "src/x.ts": "" }, /^src\/x\.ts:1 is in no room/],
    [
      "a room that the table does not know",
      { "src/attic/x.ts": "" },
      /^src\/attic\/x\.ts:1 is in "attic", which is no room/,
    ],
    [
      "an import of a worker by the arbiter",
      { "src/server/arbiter/x.ts": `import type { B } from "../worker/b.ts";` },
      /^src\/server\/arbiter\/x\.ts:1 .*which is in "worker"; "arbiter" may not import that room of "server"$/,
    ],
    [
      "an import of the arbiter by a worker",
      { "src/server/worker/x.ts": `import "../arbiter/f.ts";` },
      /^src\/server\/worker\/x\.ts:1 .*which is in "arbiter"; "worker" may not import that room of "server"$/,
    ],
    [
      "an import from below of a file that lies flat",
      { "src/server/worker/x.ts": `import "../make-server.ts";` },
      /^src\/server\/worker\/x\.ts:1 .*which may import "worker", and not the other way round$/,
    ],
    [
      "an import of a room by a file that all of them share",
      { "src/server/errors.ts": `import "./channel/g.ts";`, "src/server/channel/g.ts": "" },
      /^src\/server\/errors\.ts:1 .*which not all rooms of "server" may import; errors\.ts belongs to all of them$/,
    ],
    [
      "a file between the rooms of a room",
      { "src/server/x.ts": "" },
      /^src\/server\/x\.ts:1 lies flat in "server"; only errors\.ts, index\.ts, make-server\.ts may$/,
    ],
    [
      "a room inside of a room that the table does not know",
      { "src/server/attic/x.ts": "" },
      /^src\/server\/attic\/x\.ts:1 is in "server\/attic", which is no room/,
    ],
    [
      "a helper among the middlewares",
      { "src/middleware/x.ts": "export function help() {}" },
      /^src\/middleware\/x\.ts:1 lies flat in "middleware"; only what matches/,
    ],
    [
      "a folder of helpers that belongs to no middleware",
      { "src/middleware/attic/x.ts": "" },
      /^src\/middleware\/attic\/x\.ts:1 is in "middleware\/attic", which is no room/,
    ],
    [
      "a middleware in what middleware is written with",
      { "src/middleware/writing/x.ts": `import "../other.ts";` },
      /^src\/middleware\/writing\/x\.ts:1 .*which may import "writing", and not the other way round$/,
    ],
    [
      "a part of one middleware in what all are written with",
      { "src/middleware/writing/x.ts": `import "../thing/part.ts";` },
      /^src\/middleware\/writing\/x\.ts:1 .*which is in "thing"; "writing" may not import that room of "middleware"$/,
    ],
    [
      "a cycle of files",
      {
        "src/wsgi/x.ts": `import "./y.ts";`,
        "src/wsgi/y.ts": `\nimport "./z.ts";`,
        "src/wsgi/z.ts": `import "./x.ts";`,
      },
      /^cycle: src\/wsgi\/x\.ts:1 -> src\/wsgi\/y\.ts:2 -> src\/wsgi\/z\.ts:1 -> src\/wsgi\/x\.ts$/,
    ],
    [
      "a cycle of types alone",
      { "src/wsgi/x.ts": `import type { Y } from "./y.ts";`, "src/wsgi/y.ts": `import type { X } from "./x.ts";` },
      /^cycle: src\/wsgi\/x\.ts:1 -> src\/wsgi\/y\.ts:1 -> src\/wsgi\/x\.ts$/,
    ],
  ])("refuses %s", (_what, files, error) => {
    const { violations } = checkImports(makeProject({ ...ALLOWED, ...files }));
    expect(violations).toEqual([expect.stringMatching(error)]);
  });
});
