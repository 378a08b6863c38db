// The target that guests pass on: as the client spelled it while it still says the same, else as the environ says.
import { describe, expect, test } from "vitest";
import { setupTestingDefaults } from "../wsgi/testing-defaults.ts";
import { requestTarget } from "./request-target.ts";

const targetOf = (uri: string, scriptName: string, pathInfo: string, query = ""): unknown => {
  const environ = setupTestingDefaults({
    REQUEST_URI: uri,
    SCRIPT_NAME: scriptName,
    PATH_INFO: pathInfo,
    QUERY_STRING: query,
  });
  const { mount, path, query: asked, isPlain } = requestTarget(environ);
  return [mount, path, asked, isPlain];
};

describe("requestTarget", () => {
  test.each([
    ["/a/b", "", "/a/b", "", ["", "/a/b", "", true]],
    ["/a/b?c=%20", "", "/a/b", "c=%20", ["", "/a/b", "?c=%20", true]],
    ["/a/b?c", "/a", "/b", "c", ["/a", "/b", "?c", true]],
    ["/a", "/a", "", "", ["/a", "", "", true]],
    ["/a?", "", "/a", "", ["", "/a", "?", false]],
    ["/a?b", "", "/a", "c", ["", "/a", "?c", false]],
    ["/a?bc", "", "/ab", "c", ["", "/ab", "?c", false]],
    ["/a%2Fb/c", "/a/b", "/c", "", ["/a%2Fb", "/c", "", false]],
    ["/a b", "", "/a b", "", ["", "/a%20b", "", false]],
    ["/a'b?'", "", "/a'b", "'", ["", "/a'b", "?'", false]],
    ["/.a", "", "/.a", "", ["", "/.a", "", false]],
    ["/a\\b", "", "/a\\b", "", ["", "/a%5Cb", "", false]],
    ["*", "", "", "", ["", "", "", false]],
    ["http://a.test/b", "", "/b", "", ["", "/b", "", false]],
    ["/changed", "", "/by/a/filter", "", ["", "/by/a/filter", "", false]],
  ])("%s with SCRIPT_NAME %j, PATH_INFO %j, QUERY_STRING %j", (uri, scriptName, pathInfo, query, expected) => {
    expect(targetOf(uri, scriptName, pathInfo, query)).toEqual(expected);
  });
});
