import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import * as middleware from "./index.ts";

const directory = new URL(".", import.meta.url);

/** `conditional-get` is `conditionalGet`; `static` alone is a reserved word. */
function exportOf(file: string): string {
  const name = file.replace(/\.ts$/, "").replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  return name === "static" ? "staticFiles" : name;
}

const files = readdirSync(directory).filter(
  (file) =>
    /^[\w-]+\.ts$/.test(file) &&
    /^export (?:async )?function (?:filter|composite)Factory/m.test(readFileSync(new URL(file, directory), "utf8")),
);

it("tsgi/middleware has every middleware under the name of its file", () => {
  expect(files.length).toBeGreaterThan(30);
  expect(files.map(exportOf).filter((name) => !(name in middleware))).toEqual([]);
});

it.each(files)("%s says where it belongs in a pipeline", (file) => {
  expect(readFileSync(new URL(file, directory), "utf8")).toMatch(/^ \* In a pipeline: [a-z]/m);
});

it.each(files)("%s gives its middleware a name, for stacks and compose", (file) => {
  expect(readFileSync(new URL(file, directory), "utf8")).not.toMatch(/return \((?:application|inner)\) =>/);
});
