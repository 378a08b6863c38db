import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readUwsgiFile } from "./uwsgi-file.ts";

const root = mkdtempSync(join(tmpdir(), "tsgi-uwsgi-logic-"));

beforeAll(() => writeFileSync(join(root, "secret"), "open sesame\n"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** The options of a file with these lines, each as `key=value`. */
function read(lines: string, placeholders: Readonly<Record<string, string>> = {}): string[] {
  writeFileSync(join(root, "site.ini"), `[uwsgi]\n${lines}\n`);
  const options = readUwsgiFile("site.ini", root, { STAGE: "live" }, new Map(Object.entries(placeholders)));
  return options.map(({ key, value, unfilled }) => `${key}=${value}${unfilled === undefined ? "" : ` (${unfilled})`}`);
}

describe("conditions of uWSGI", () => {
  test.each([
    ["if-env = STAGE\nthreads = 2\nendif =", ["threads=2"]],
    ["if-env = STAGE=live\nthreads = 2\nendif =", ["threads=2"]],
    ["if-env = STAGE=test\nthreads = 2\nend-if =", []],
    ["if_env = NOPE\nthreads = 2\nendif =\nworkers = 1", ["workers=1"]],
    ["if-not-env = NOPE\nthreads = 2\nendif =", ["threads=2"]],
    ["if-exists = %dsecret\nthreads = 2\nendif =", ["threads=2"]],
    ["if-dir = %dsecret\nthreads = 2\nendif =", []],
    ["if-file = %dsecret\nif-env = NOPE\nthreads = 2\nendif =\nworkers = 1\nendif =", ["workers=1"]],
    ["master = true\nif-opt = master=true\nthreads = 2\nendif =", ["master=true", "threads=2"]],
    ["if-reload = true\nthreads = 2\nendif =", []],
  ])("%j", (lines, options) => {
    expect(read(lines)).toEqual(options);
  });

  test("one that cannot be told stands among the options, so that a remark names it; so does one without its end", () => {
    expect(read("if-plugin = python\nthreads = 2\nendif =")).toEqual(["if-plugin=python", "threads=2", "endif="]);
    expect(read("if-env = NOPE\nthreads = 2")).toEqual(["if-env=NOPE", "threads=2"]);
  });
});

describe("loops of uWSGI", () => {
  test("go through the words of for", () => {
    expect(read("for = 1 2\nenv = V%(_)=x\nendfor =\nthreads = 3")).toEqual(["env=V1=x", "env=V2=x", "threads=3"]);
    expect(read("for =\nenv = V\nendfor =")).toEqual([]);
  });

  test("other loops stay", () => {
    expect(read("for-glob = *.py\nenv = A=%(_)\nendfor =")).toEqual(["for-glob=*.py", "env=A=%(_) (%(_))", "endfor="]);
  });
});

describe("values of uWSGI", () => {
  test("@(path) is the content of a file; nothing else is fetched or run", () => {
    expect(read(`env = KEY=@(${root}/secret)`)).toEqual(["env=KEY=open sesame"]);
    expect(read("env = KEY=@(%dsecret)")).toEqual(["env=KEY=open sesame"]);
    for (const external of ["@(exec://touch made)", "@(http://127.0.0.1/)", "@(/no/such)"])
      expect(read(`env = KEY=${external}`)).toEqual([`env=KEY=${external} (${external})`]);
  });

  test("placeholders come from the command line too", () => {
    expect(read("http = :%(port)", { port: "8111" })).toEqual(["http=:8111"]);
  });
});
