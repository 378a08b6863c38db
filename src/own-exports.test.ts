import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { ownExports } from "./own-exports.ts";

const root = `${mkdtempSync(join(tmpdir(), "tsgi-exports-"))}/`;
afterAll(() => rmSync(root, { recursive: true }));

test("ownExports names a file for each subpath, and for each that a pattern matches", () => {
  for (const folder of ["dist/wsgi", "dist/middleware/deep"]) mkdirSync(join(root, folder), { recursive: true });
  for (const file of ["index.js", "etag.js", "etag.d.ts", "secret.js", "deep/inner.js"])
    writeFileSync(join(root, "dist/middleware", file), "");
  const exports = {
    ".": "./dist/wsgi/index.js",
    "./wsgi": { types: "./dist/wsgi/index.d.ts", default: "./dist/wsgi/index.js" },
    "./middleware": { default: "./dist/middleware/index.js" },
    "./middleware/*": { default: "./dist/middleware/*.js" },
    "./middleware/secret": null,
    "./package.json": "./package.json",
  };
  writeFileSync(join(root, "package.json"), JSON.stringify({ name: "tsgi", exports }));
  expect(ownExports(root)).toEqual({
    tsgi: join(root, "dist/wsgi/index.js"),
    "tsgi/wsgi": join(root, "dist/wsgi/index.js"),
    "tsgi/middleware": join(root, "dist/middleware/index.js"),
    "tsgi/middleware/index": join(root, "dist/middleware/index.js"),
    "tsgi/middleware/etag": join(root, "dist/middleware/etag.js"),
    "tsgi/package.json": join(root, "package.json"),
  });
});
