// Looking at a configuration: where values come from, the drawing, and the check of a whole file.
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { checkConfig, formatProblems } from "../../src/deploy/check.ts";
import { explain, formatExplanation } from "../../src/deploy/explain.ts";
import { formatGraph, graph, svgGraph } from "../../src/deploy/graph.ts";
import { Project } from "./project.ts";

const SHOP = `[DEFAULT]
debug = true
data = %(here)s/data

[composite:main]
use = call:factories:composite
/ = home
/api = api
/old = hom

[app:home]
use = call:factories:app
set debug = false
debug = maybe
title = <Home> & more

[pipeline:api]
pipeline = auth v1
filter-with = log

[app:v1]
use = home
title = V1

[filter:auth]
use = call:factories:filter
[filter:log]
use = call:factories:filtr

[aplication:typo]
[default]
[application:v1]
use = call:factories:app
[server:main]
use = egg:waitress#main
`;

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

describe("graph", () => {
  test("draws as text", () => {
    expect(formatGraph(graph(uri)).split("\n")).toEqual([
      "[composite:main]  call:factories:composite",
      "├─ / → [app:home]  call:factories:app",
      "├─ /api → [pipeline:api]  filter-with",
      "│  ├─ [filter:log]  call:factories:filtr",
      "│  └─ [pipeline:api]  pipeline",
      "│     ├─ [filter:auth]  call:factories:filter",
      "│     └─ [app:v1] uses [app:home]  call:factories:app",
      '└─ /old → ✗ No section "hom"  does not load',
    ]);
  });

  test("draws as SVG: one box a node, every text escaped", () => {
    const nasty = project.write("nasty.ini", '[app:main]\nuse = a<b>&"c\n[app:a<b>&"c]\nuse = call:factories:app\n');
    const svg = svgGraph(graph(nasty));
    expect(svg).toContain("[app:main] uses [app:a&lt;b&gt;&amp;&quot;c]");
    expect(svg).not.toContain("a<b>");
    const shop = svgGraph(graph(uri));
    expect(shop.match(/<rect x=/g)).toHaveLength(8);
    expect(shop.match(/<path /g)).toHaveLength(7);
    expect(shop.match(/<text[^>]*>\/api<\/text>/g)).toHaveLength(1);
  });

  test("ends where composites mount each other", () => {
    const loop = project.write(
      "loop.ini",
      "[composite:main]\nuse = call:factories:composite\n/ = b\n[composite:b]\nuse = call:factories:composite\n/ = main\n",
    );
    expect(formatGraph(graph(loop)).split("\n")).toHaveLength(3);
  });
});

describe("checkConfig", () => {
  test("finds every mistake of a file", async () => {
    const problems = await checkConfig(project.path("shop.ini"));
    expect(problems.map(({ level, line, section, key }) => [level, line, section, key])).toEqual([
      ["warning", 32, "application:v1", undefined],
      ["warning", 14, "app:home", "debug"],
      ["error", 9, "composite:main", "/old"],
      ["error", 28, "filter:log", "use"],
      ["warning", 30, "aplication:typo", undefined],
      ["warning", 31, "default", undefined],
    ]);
    const text = formatProblems(problems);
    expect(text).toContain('error: No section "hom"');
    expect(text).toContain('did you mean "home"');
    expect(text).toContain("error: Module");
    expect(text).toContain("warning: Section [aplication:typo] is ignored; did you mean [application:typo]");
    expect(text).toContain("warning: Section [default] is an ordinary section; expected [DEFAULT]");
    expect(text).toContain("warning: Section [application:v1] is hidden by [app:v1] on line 21");
  });

  test("imports nothing when it is not to", async () => {
    const problems = await checkConfig(project.path("shop.ini"), { isImporting: false });
    expect(problems.filter(({ level }) => level === "error").map(({ key }) => key)).toEqual(["/old"]);
  });

  test("is content with a good file", async () => {
    project.write("good.ini", "[app:main]\nuse = call:factories:app\n[loggers]\nkeys = %bare\n");
    const problems = await checkConfig(project.path("good.ini"));
    expect(formatProblems(problems)).toBe("No problems found");
  });

  test.each<[what: string, text: string, code: string]>([
    ["that does not parse", "[a]\nx\n", 'Line "x" has no'],
    ["whose defaults do not interpolate", "[DEFAULT]\na = %(b)s\n[app:main]\n", 'Name "b"'],
  ])("reports a file %s", async (_, text, message) => {
    project.write("bad.ini", text);
    const problems = await checkConfig(project.path("bad.ini"));
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).toContain(message);
  });

  test("reports a file that is not there", async () => {
    expect(await checkConfig(project.path("nowhere.ini"))).toMatchObject([{ level: "error" }]);
  });
});

test("a file of OpenStack's kind is drawn with all pipelines", () => {
  const file = fileURLToPath(new URL("openstack/api-paste.ini", import.meta.url));
  const text = formatGraph(graph(`config:${file}#osapi`));
  expect(text.match(/keystone → \[filter:/g)).toHaveLength(12 + 13);
  expect(text).toContain("/v2.1 → [composite:api_v21]");
  expect(text).toContain("[app:api_app_v21] uses [app:api_app_v2]");
});
