// What a path may mean by its segments: which shape says most, all that fit, and text that looks like something else.
import { describe, expect, it } from "vitest";
import { REST, SegmentTree, VALUE } from "./segment-tree.ts";

const SHAPES = [
  "/",
  "/a",
  "/a/b",
  `/a/${VALUE}`,
  `/a/${VALUE}/c`,
  `/a/${REST}`,
  `/${VALUE}/b`,
  "/:v",
  "/**",
  "/__proto__",
  "/x//y",
];

const CASES: readonly [path: string, first: string | null, all: readonly string[]][] = [
  ["/", "/", ["/"]],
  ["", "/", ["/"]],
  ["/a", "/a", ["/a", `/a/${REST}`]],
  ["/a/", "/a", ["/a", `/a/${REST}`]],
  ["/a/b", "/a/b", ["/a/b", `/a/${VALUE}`, `/a/${REST}`, `/${VALUE}/b`]],
  ["/a/x", `/a/${VALUE}`, [`/a/${VALUE}`, `/a/${REST}`]],
  ["/a/b/c", `/a/${VALUE}/c`, [`/a/${VALUE}/c`, `/a/${REST}`]],
  ["/a/b/d", `/a/${REST}`, [`/a/${REST}`]],
  ["/a//c", `/a/${REST}`, [`/a/${REST}`]],
  ["/z/b", `/${VALUE}/b`, [`/${VALUE}/b`]],
  ["/z", null, []],
  ["//b", null, []],
  ["/:v", "/:v", ["/:v"]],
  ["/**", "/**", ["/**"]],
  ["/__proto__", "/__proto__", ["/__proto__"]],
  ["/constructor", null, []],
  ["/x//y", "/x//y", ["/x//y"]],
  ["/x/y", null, []],
];

describe("SegmentTree", () => {
  const tree = new SegmentTree<string>();
  for (const shape of SHAPES) tree.add(shape, shape);

  it.each(CASES)("finds what says most, and all that fit, for %j", (path, first, all) => {
    expect(tree.first(path)).toBe(first);
    expect(tree.all(path).toSorted()).toEqual([...all].toSorted());
  });

  it("walks a path of slashes alone in the depth of its rules", () => {
    expect(tree.first("/".repeat(1_000_000))).toBeNull();
    expect(tree.first(`/a${"/".repeat(1_000_000)}`)).toBe(`/a/${REST}`);
  });
});
