import { describe, expect, test } from "vitest";
import { nodeAddress, pathOfAddress, withQuery } from "./node-address.ts";

const BASE = "http://store.test/docs";

describe("nodeAddress", () => {
  test.each([
    [[], "/"],
    [["a", "0"], "/a/0"],
    [["a", ""], "/a//"],
    [[""], "//"],
    [["a/b", "m~n"], "/a~1b/m~0n"],
    [["ü ?#%"], "/%C3%BC%20%3F%23%25"],
    [["a", ".."], "/?pointer=%2Fa%2F.."],
    [["."], "/?pointer=%2F."],
    [["", "evil.test"], "//evil.test"],
    [["a+b"], "/a%2Bb"],
  ])("%j is at %s, and back, as browsers read it", (path, address) => {
    expect(nodeAddress(BASE, path)).toBe(BASE + address);
    const { host, pathname, search } = new URL(nodeAddress(BASE, path));
    expect(host).toBe("store.test");
    expect(pathOfAddress("/docs", pathname, search)).toEqual(path);
  });

  test("an address of another mount, with half a tilde, or of no UTF-8 is of no node", () => {
    expect(pathOfAddress("/docs", "/elsewhere", "")).toBeNull();
    expect(pathOfAddress("", "/a~2", "")).toBeNull();
    expect(pathOfAddress("", "/%ff", "")).toBeNull();
    expect(pathOfAddress("", "/", "?pointer=no-slash")).toBeNull();
  });
});

test("withQuery adds to a query that is there", () => {
  expect(withQuery("/a", "children")).toBe("/a?children");
  expect(withQuery("/?pointer=%2F..", "children")).toBe("/?pointer=%2F..&children");
  expect(withQuery("/a", "")).toBe("/a");
});
