import { describe, expect, test } from "vitest";
import { globBase, matchesGlob } from "./glob.ts";

describe("matchesGlob", () => {
  test.each([
    ["/a/x.html", "/a/x.html", true],
    ["/a/x.html", "/a/*.html", true],
    ["/a/b/x.html", "/a/*.html", false],
    ["/a/b/x.html", "/a/**/*.html", true],
    ["/a/x.html", "/a/**/*.html", true],
    ["/a/b/c", "/a/**", true],
    ["/a/x1", "/a/x?", true],
    ["/a/x/", "/a/x?", false],
    ["/a/x2", "/a/x[0-3]", true],
    ["/a/x2", "/a/x[!0-3]", false],
    ["/a/xyhtml", "/a/x.html", false],
    ["/a/(x)+", "/a/(x)+", true],
  ])("%s against %s: %s", (path, glob, isMatch) => {
    expect(matchesGlob(path, glob)).toBe(isMatch);
  });
});

describe("globBase", () => {
  test.each([
    ["/a/b.txt", "/a/b.txt"],
    ["/a/b/*.txt", "/a/b"],
    ["/a/b*/c", "/a"],
    ["/a/**/c", "/a"],
  ])("of %s is %s", (glob, base) => {
    expect(globBase(glob)).toBe(base);
  });
});
