// Where values come from, and what they replaced on the way.
import { describe, expect, test } from "vitest";
import { explain, formatExplanation } from "./explain.ts";
import { Project, SHOP } from "../../test/deploy/project.ts";

const project = new Project();
const uri = project.write("shop.ini", SHOP);

describe("explain", () => {
  test("tells where a value was written, and what it replaced", () => {
    const [object] = explain(`${uri}#v1`, { globalConf: { debug: "caller" }, keys: ["title", "debug"] });
    expect(object?.title).toBe("[app:v1] uses [app:home]");
    expect(object?.values).toMatchObject([
      {
        key: "title",
        value: "V1",
        scope: "local",
        origin: { kind: "key", file: project.path("shop.ini"), line: 23, section: "app:v1" },
        replaced: [{ value: "<Home> & more", origin: { line: 15, section: "app:home" } }],
      },
      {
        key: "debug",
        value: "false",
        scope: "global",
        origin: { kind: "set", line: 13, key: "set debug" },
        replaced: [
          { value: "caller", origin: { kind: "caller" } },
          { value: "true", origin: { kind: "default", line: 2, section: "DEFAULT" } },
        ],
      },
    ]);
  });

  test("goes through the whole tree, mounts too", () => {
    const titles = explain(uri).map(({ title }) => title);
    expect(titles).toEqual([
      "[composite:main]",
      "[app:home]",
      "[pipeline:api]",
      "[filter:log]",
      "[pipeline:api]",
      "[filter:auth]",
      "[app:v1] uses [app:home]",
    ]);
  });

  test("writes a line for each value", () => {
    const text = formatExplanation(explain(`${uri}#v1`, { globalConf: { data: "/d" } }));
    expect(text.split("\n")).toEqual([
      "[app:v1] uses [app:home]  shop.ini line 11, call:factories:app",
      '  title = V1  ← shop.ini line 23, "title" in [app:v1]; replaces "<Home> & more" from shop.ini line 15, "title" in [app:home]',
      `  global here = ${project.directory}  ← shop.ini, built in`,
      `  global __file__ = ${project.path("shop.ini")}  ← shop.ini, built in`,
      '  global debug = false  ← shop.ini line 13, "set debug" in [app:home]; replaces "true" from shop.ini line 2, "debug" in [DEFAULT]',
      `  global data = /d  ← the caller; replaces "${project.directory}/data" from shop.ini line 3, "data" in [DEFAULT]`,
    ]);
  });
});
