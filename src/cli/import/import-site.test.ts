import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { builtinFactory } from "../../deploy/package-factories.ts";

const FOLDER = new URL(".", import.meta.url);
const SOURCES = readdirSync(FOLDER).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));

test("what importSite writes or advises as egg:tsgi#NAME exists", async () => {
  const text = SOURCES.map((name) => readFileSync(new URL(name, FOLDER), "utf8")).join("");
  const names = new Set(Array.from(text.matchAll(/egg:tsgi#([\w-]+)/g), ([, name = ""]) => name));
  expect(names.size).toBeGreaterThan(10);
  const protocols = ["paste.app_factory", "paste.filter_factory", "paste.composite_factory"] as const;
  const found = await Promise.all(
    Array.from(names, async (name) => ((await builtinFactory("tsgi", name, protocols)) === null ? name : null)),
  );
  expect(found.filter((name) => name !== null)).toEqual([]);
});
