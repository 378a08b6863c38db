// Which names could have been meant: those that are there, written as the mistyped one is.
import { describe, expect, test } from "vitest";
import { modulesBeside, packagesAround } from "./candidates.ts";
import { Project } from "../../test/deploy/project.ts";

const project = new Project({
  "shop/web.ts": "",
  "shop/api.mjs": "",
  "shop/data.json": "",
  "shop/.hidden.ts": "",
  "shop/sub/index.ts": "",
  "node_modules/flat/package.json": "{}",
  "node_modules/@scope/kit/package.json": "{}",
  "node_modules/.bin/tool": "",
  "shop/node_modules/inner/package.json": "{}",
});

test.each<[name: string, found: readonly string[]]>([
  ["shop.wbe", ["shop.api", "shop.sub", "shop.web"]],
  ["shop/wbe", ["shop/api", "shop/sub", "shop/web"]],
  ["./shop/wbe.ts", ["./shop/api.mjs", "./shop/sub", "./shop/web.ts"]],
  ["shop\\wbe", []],
  ["nowhere/wbe", []],
])("modulesBeside(%j) lists modules and folders: %j", (name, found) => {
  const names = modulesBeside(name, project.directory).filter((each) => !each.includes("node_modules"));
  expect(names.toSorted()).toEqual(found);
});

test("modulesBeside takes a name without folder for one beside the file", () => {
  expect(modulesBeside("fctories", project.directory)).toContain("factories");
  expect(modulesBeside("fctories.mjs", project.directory)).toContain("factories.mjs");
});

describe("packagesAround", () => {
  test("lists the packages of all folders above, the nearest first", () => {
    const names = packagesAround(project.path("shop"));
    expect(names[0]).toBe("inner");
    expect(names.slice(1, 3).toSorted()).toEqual(["@scope/kit", "flat"]);
  });
});
