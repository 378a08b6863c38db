// The drawing of a configuration.
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { formatGraph, graph, svgGraph } from "./graph.ts";
import { Project, SHOP } from "../../test/deploy/project.ts";

const project = new Project();
const uri = project.write("shop.ini", SHOP);

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

test("a file of OpenStack's kind is drawn with all pipelines", () => {
  const file = fileURLToPath(new URL("../../test/deploy/openstack/api-paste.ini", import.meta.url));
  const text = formatGraph(graph(`config:${file}#osapi`));
  expect(text.match(/keystone → \[filter:/g)).toHaveLength(12 + 13);
  expect(text).toContain("/v2.1 → [composite:api_v21]");
  expect(text).toContain("[app:api_app_v21] uses [app:api_app_v2]");
});
