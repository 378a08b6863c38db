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

  test("names a package or module that no section describes as a file would", () => {
    const titles = (target: string): string[] => explain(target).map(({ title }) => title);
    expect(titles("egg:shop")).toEqual(["egg:shop#main"]);
    expect(titles("call:shop:app")).toEqual(["call:shop:app"]);
    expect(formatExplanation(explain("egg:shop", { globalConf: { a: "1" } })).split("\n")).toEqual([
      "egg:shop#main  no file, egg:shop#main",
      "  global a = 1  ← the caller",
    ]);
  });

  test("explains servers and filters too", () => {
    expect(explain(uri, { wanted: "server" }).map(({ title }) => title)).toEqual(["[server:main]"]);
    expect(explain(`${uri}#auth`, { wanted: "filter" }).map(({ title }) => title)).toEqual(["[filter:auth]"]);
  });
});

describe("formatExplanation", () => {
  /** The lines about a file with these sections. */
  function linesOf(...sections: readonly string[]): string[] {
    return formatExplanation(explain(project.write("lines.ini", sections.join("\n")))).split("\n");
  }

  test("says what get copies, what it replaces, and shows line ends as \\n", () => {
    const own = ["[app:main]", "use = call:x:y", "b = 0", "get b = a", "text = one", "  two"];
    const lines = linesOf("[DEFAULT]", "a = 1", ...own);
    expect(lines).toContain(
      '  b = 1  ← lines.ini line 6, "get b" in [app:main]; copies "1" from lines.ini line 2, "a" in [DEFAULT]; replaces "0" from lines.ini line 5, "b" in [app:main]',
    );
    expect(lines).toContain('  text = one\\ntwo  ← lines.ini line 7, "text" in [app:main]');
  });

  test("hides what is probably a secret, also what it replaced", () => {
    const lines = linesOf("[app:main]", "use = a", "password = two", "[app:a]", "use = call:x:y", "password = one");
    expect(lines).toContain(
      '  password = (hidden)  ← lines.ini line 3, "password" in [app:main]; replaces "(hidden)" from lines.ini line 6, "password" in [app:a]',
    );
  });

  test("leaves out global values that stand above, and parts that have none of their own", () => {
    const pipeline = ["[pipeline:main]", "pipeline = f a", "[filter:f]", "use = call:x:f"];
    expect(linesOf("[DEFAULT]", "a = 1", ...pipeline, "[app:a]", "use = call:x:a", "b = 2")).toEqual([
      "[pipeline:main]  lines.ini line 3",
      `  global here = ${project.directory}  ← lines.ini, built in`,
      `  global __file__ = ${project.path("lines.ini")}  ← lines.ini, built in`,
      '  global a = 1  ← lines.ini line 2, "a" in [DEFAULT]',
      "",
      "[app:a]  lines.ini line 7, call:x:a",
      '  b = 2  ← lines.ini line 9, "b" in [app:a]',
    ]);
  });
});
