// Which section describes what: the families of prefixes, their aliases, and the short form without a name.
import { describe, expect, test } from "vitest";
import { parseIni } from "./ini.ts";
import type { ObjectType } from "./object-type.ts";
import { SectionIndex } from "./section-index.ts";

/** An index of sections with these headers. */
function indexOf(...headers: readonly string[]): SectionIndex {
  return new SectionIndex(parseIni(headers.map((header) => `[${header}]\n`).join(""), "/x.ini"));
}

test.each<[headers: readonly string[], wanted: ObjectType, name: string | null, found: readonly string[]]>([
  [["app:a", "app:b"], "application", "a", ["app:a"]],
  [["application:a", "app:a"], "application", "a", ["app:a"]],
  [["composit:a"], "application", "a", ["composit:a"]],
  [["app:a", "pipeline:a"], "application", "a", ["app:a", "pipeline:a"]],
  [["app:a", "filter:a", "server:a"], "filter", "a", ["filter:a"]],
  [["app: a "], "application", "a", ["app: a "]],
  [["app"], "application", null, ["app"]],
  [["app"], "application", "main", []],
  [["app", "app:main"], "application", null, ["app", "app:main"]],
  [["app:main"], "application", null, ["app:main"]],
  [["App:a", "loggers"], "application", "a", []],
])("of %j, %s %j is described by %j", (headers, wanted, name, found) => {
  expect(
    indexOf(...headers)
      .candidates(wanted, name)
      .map((section) => section.name),
  ).toEqual(found);
});

test("names lists the names of a type, once each", () => {
  expect(indexOf("app:a", "pipeline:b", "composite:a", "filter:c", "app").names("application")).toEqual(["a", "b"]);
});

test("hidden lists nothing where only an alias is there", () => {
  expect(indexOf("application:a", "composit:a").hidden()).toEqual([]);
});

test("hidden lists what an alias of the same family hides", () => {
  const hidden = indexOf("application:a", "app:a", "application:b", "composit:c", "composite:c").hidden();
  expect(hidden.map((pair) => pair.map(({ name }) => name))).toEqual([
    ["application:a", "app:a"],
    ["composit:c", "composite:c"],
  ]);
});

describe("find says what was probably meant", () => {
  test.each<[headers: readonly string[], wanted: ObjectType, name: string | null, hint: string]>([
    [["server"], "application", null, '"main" (prefixed by "app" or "application"'],
    [["filter:a"], "application", "a", "[filter:a] describes a filter, but an application is expected"],
    [["app:a"], "server", "a", "[app:a] describes an application, but a server is expected"],
    [["other", "ap:main"], "application", null, "did you mean [app:main] by [ap:main] on line 2"],
    [["app"], "application", "main", 'a section without a name is not found by "main"'],
    [["app:shop", "app:blog"], "application", "shp", 'did you mean "shop"'],
    [["app:main", "composite:main"], "application", null, 'describe an application "main": [app:main] on line 1, ['],
    [["app:a", "composite:a"], "application", "a", 'describe an application "a": [app:a] on line 1, [composite:a]'],
    [["app:main", "composite:main"], "application", null, "[app:main] on line 1, [composite:main] on line 2"],
  ])("of %j, for %s %j: %s", (headers, wanted, name, hint) => {
    expect(() => indexOf(...headers).find(wanted, name, { key: "use" })).toThrow(hint);
    expect(() => indexOf(...headers).find(wanted, name, { key: "use" })).toThrow('(file "/x.ini", key "use")');
  });

  test.each<[headers: readonly string[], name: string]>([
    [["ap:other"], "shop"],
    [["zzzzzz:shop"], "shop"],
    [["app"], "shop"],
    [["ap"], "ap"],
    [["filter"], "main"],
  ])("and guesses nothing from %j for %j", (headers, name) => {
    const list = '"app" or "application" or "composite" or "composit" or "pipeline" or "filter-app"';
    const message = `No section "${name}" (prefixed by ${list}) in "/x.ini" (file "/x.ini")`;
    expect(() => indexOf(...headers).find("application", name, {})).toThrow(
      expect.objectContaining({ message }) as Error,
    );
  });
});
