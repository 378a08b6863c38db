// URIs: schemes, names, and how paths resolve.
import { describe, expect, test } from "vitest";
import { configPath, configUri, isAbsoluteName, splitUri } from "./uri.ts";

describe("splitUri", () => {
  test.each<[uri: string, name: string | null, parts: object]>([
    ["config:a.ini", null, { scheme: "config", path: "a.ini", name: "main" }],
    ["config:a.ini#x", null, { scheme: "config", path: "a.ini", name: "x" }],
    ["config:a.ini#x", "y", { scheme: "config", path: "a.ini", name: "y" }],
    ["config:a.ini#", null, { scheme: "config", path: "a.ini", name: "" }],
    ["CONFIG:a.ini#x#y", null, { scheme: "config", path: "a.ini", name: "x#y" }],
    ["egg:@scope/pkg#x", null, { scheme: "egg", path: "@scope/pkg", name: "x" }],
    ["call:./a.ts:factory", null, { scheme: "call", path: "./a.ts:factory", name: "main" }],
  ])("splits %j with name %j", (uri, name, parts) => {
    expect(splitUri(uri, name)).toEqual(parts);
  });

  test.each<[uri: string, message: string | RegExp]>([
    ["app.ini", 'has no scheme; expected one of "config:", "egg:", "call:", for example "config:app.ini"'],
    ["", /^URI "" has no scheme; expected one of "config:", "egg:", "call:"$/],
    ["conf:app.ini", 'unknown scheme "conf"; expected one of "config:", "egg:", "call:"'],
    ["http://x", 'unknown scheme "http"'],
  ])("refuses %j", (uri, message) => {
    expect(() => splitUri(uri, null)).toThrow(message);
  });
});

describe("configPath", () => {
  test.each<[path: string, relativeTo: string | null, resolved: string]>([
    ["/a/b.ini", null, "/a/b.ini"],
    ["///a/b.ini", null, "/a/b.ini"],
    [" /a/b.ini", "/c", "/c/ /a/b.ini"],
    ["/a/b.ini \t", null, "/a/b.ini"],
    ["C:\\b.ini", "/a", "/a/C:/b.ini"],
    ["b.ini", "/a", "/a/b.ini"],
    ["b.ini", "/a/", "/a/b.ini"],
    ["../b.ini", "/a/c", "/a/b.ini"],
    ["sub\\b.ini", "/a", "/a/sub/b.ini"],
    ["two%20words.ini", "/a", "/a/two words.ini"],
    ["100%.ini", "/a", "/a/100%.ini"],
  ])("resolves %j in %j", (path, relativeTo, resolved) => {
    expect(configPath(path, relativeTo)).toBe(resolved);
  });

  test.each([null, ""])("never takes the working directory (relativeTo %j)", (relativeTo) => {
    expect(() => configPath("b.ini", relativeTo)).toThrow("expected an absolute path or the option relativeTo");
  });
});

test.each<[target: string, uri: string]>([
  ["app.ini", "config:/srv/app.ini"],
  ["app.ini#api", "config:/srv/app.ini#api"],
  ["/etc/50%.ini", "config:/etc/50%25.ini"],
  ["config:/x.ini", "config:/x.ini"],
  ["egg:pkg#main", "egg:pkg#main"],
])("configUri turns the argument %j into %j", (target, uri) => {
  expect(configUri(target, "/srv")).toBe(uri);
});

test.each<[name: string, isAbsolute: boolean]>([
  ["main", false],
  ["config:a.ini", true],
  ["x:y", true],
  ["a-b:c", false],
  ["/a:b", false],
])("isAbsoluteName(%j) is %j", (name, isAbsolute) => {
  expect(isAbsoluteName(name)).toBe(isAbsolute);
});
