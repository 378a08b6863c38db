import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isPythonProgram } from "../../guests/python/is-program.ts";
import { isPythonTarget } from "./is-python-target.ts";

const FILES = [
  "app.wsgi",
  "bin/keystone-wsgi-public",
  "bin/both",
  "bin/both.ts",
  "my-app.py",
  "приложение.py",
  "shop/__init__.py",
  "shop/wsgi.py",
  "site.ts",
  "site.py",
  "front/index.ts",
];

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "tsgi-targets-"));
  for (const file of FILES) {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    writeFileSync(join(directory, file), "");
  }
});

afterAll(() => rmSync(directory, { recursive: true }));

test.each([
  // target, without --python, with it, a program
  ["app.py", true, true, true],
  ["missing.py:app", true, true, false],
  ["./app.wsgi", true, true, false],
  ["app.wsgi", true, true, false],
  ["app.wsgi:application", true, true, false],
  ["./missing.wsgi", true, true, false],
  ["bin/keystone-wsgi-public", true, true, true],
  ["bin/keystone-wsgi-public:application", true, true, false],
  ["bin/both", false, true, true],
  ["bin/missing", false, true, true],
  ["my-app:application", true, true, false],
  ["приложение:приложение", true, true, false],
  ["shop", true, true, false],
  ["shop.wsgi:application", true, true, false],
  ["site:application", false, true, false],
  ["./front", false, true, true],
  ["@scope/package", false, true, true],
  ["site.ts", false, false, false],
  ["site.ts:app", false, false, false],
  ["nothing:app", false, true, false],
])("isPythonTarget: %s is Python's: %s, with an interpreter named: %s", (target, alone, named, isProgram) => {
  expect(isPythonTarget(target, null, directory)).toBe(alone);
  expect(isPythonTarget(target, "python3", directory)).toBe(named);
  expect(named && isPythonProgram(target, directory)).toBe(isProgram);
});

test("isPythonTarget: an absolute path with an attribute", () => {
  expect(isPythonTarget(`${directory}/app.wsgi:application`, null, "/")).toBe(true);
});
