import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TargetNotFoundError } from "./errors.ts";
import { findSource } from "./find-source.ts";
import { parseTarget } from "./parse-target.ts";

const directory = mkdtempSync(join(tmpdir(), "tsgi-find-"));

const FILES = {
  "app.ts": "",
  "shop/wsgi.ts": "",
  "shop/wsgi.js": "",
  "site/index.mjs": "",
  "old.py": "",
  "node_modules/parcel/package.json": JSON.stringify({
    exports: { ".": { import: "./esm.js", require: "./cjs.cjs" } },
  }),
  "node_modules/parcel/esm.js": "",
  "node_modules/parcel/cjs.cjs": "",
};

beforeAll(() => {
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
});

afterAll(() => rmSync(directory, { recursive: true }));

describe("findSource", () => {
  test.each([
    ["app.ts", "app.ts"],
    ["./app.ts:x", "app.ts"],
    ["app", "app.ts"],
    ["shop.wsgi:application", "shop/wsgi.ts"],
    ["./shop/wsgi", "shop/wsgi.ts"],
    ["site", "site/index.mjs"],
    ["parcel:app", "node_modules/parcel/esm.js"],
  ])("%s is %s", async (text, file) => {
    expect(await findSource(parseTarget(text), directory)).toBe(join(directory, file));
  });

  test.each([
    ["nope.ts", /Cannot find "nope.ts": no such file \(looked for /],
    ["ap.ts", /no such file \(looked for .*\); did you mean "app.ts"$/],
    [
      "nope.wsgi",
      /expected nope\/wsgi.ts .*, nope\/wsgi\/index.ts or nope\/wsgi.py in .*--python finds what is installed/,
    ],
    ["shop.wsgu:app", /; did you mean "wsgi"$/],
    ["apq:app", /; did you mean "app"$/],
    [".", /^Cannot load "\.": it is a directory without index.ts or __init__.py; expected a file or a module$/],
    ["shop", /^Cannot load "shop": it is a directory/],
    ["old", /old.py exists, but is Python/],
  ])("%s is not found, and the message says what was expected", async (text, message) => {
    const finding = findSource(parseTarget(text), directory);
    await expect(finding).rejects.toThrow(TargetNotFoundError);
    await expect(finding).rejects.toThrow(message);
  });
});
