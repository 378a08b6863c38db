import { describe, expect, it } from "vitest";
import { ContractViolation } from "./errors.ts";
import { setupTestingDefaults } from "./testing-defaults.ts";
import { applicationUri, guessScheme, requestUri, shiftPathInfo } from "./url.ts";

describe("shiftPathInfo", () => {
  const table: [script: string, path: string, name: string | null, newScript: string, newPath: string][] = [
    ["/", "", null, "/", ""],
    ["/", "/x", "x", "/x", ""],
    ["/", "/", "", "/", ""],
    ["/a", "/x/y", "x", "/a/x", "/y"],
    ["/a", "/x/", "x", "/a/x", "/"],
    ["/a/b", "/../y", "..", "/a", "/y"],
    ["", "/../y", "..", "", "/y"],
    ["/a/b", "//y", "y", "/a/b/y", ""],
    ["/a/b", "//y/", "y", "/a/b/y", "/"],
    ["/a/b", "/./y", "y", "/a/b/y", ""],
    ["/a/b", "/./y/", "y", "/a/b/y", "/"],
    ["/a/b", "///./..//y/.//", "..", "/a", "/y/"],
    ["/a/b", "///", "", "/a/b/", ""],
    ["/a/b", "/.//", "", "/a/b/", ""],
    ["/a/b", "/x//", "x", "/a/b/x", "/"],
    ["/a/b", "/.", null, "/a/b", ""],
  ];
  it.each(table)("moves %j %j: %j, leaving %j %j", (script, path, name, newScript, newPath) => {
    const environ = { SCRIPT_NAME: script, PATH_INFO: path };
    expect(shiftPathInfo(environ)).toBe(name);
    expect(environ).toEqual({ SCRIPT_NAME: newScript, PATH_INFO: newPath });
  });

  it("refuses a path that does not start with a slash", () => {
    expect(() => shiftPathInfo({ SCRIPT_NAME: "", PATH_INFO: "x/y" })).toThrow(ContractViolation);
  });
});

it.each([
  [{}, "http"],
  [{ HTTPS: "foo" }, "http"],
  [{ HTTPS: "ON" }, "http"],
  [{ HTTPS: "on" }, "https"],
  [{ HTTPS: "yes" }, "https"],
  [{ HTTPS: "1" }, "https"],
])("guessScheme of %j is %s", (environ, scheme) => {
  expect(guessScheme(environ)).toBe(scheme);
});

it.each([
  ["http://127.0.0.1/", {}],
  ["http://127.0.0.1/spam", { SCRIPT_NAME: "/spam" }],
  ["http://127.0.0.1/sp%E4m", { SCRIPT_NAME: "/sp\u00e4m" }],
  ["http://127.0.0.1/a%20b%25%3Bc", { SCRIPT_NAME: "/a b%;c" }],
  ["http://spam.example.com:2071/", { HTTP_HOST: "spam.example.com:2071", SERVER_PORT: "2071" }],
  ["http://spam.example.com/", { SERVER_NAME: "spam.example.com" }],
  ["http://127.0.0.1/", { HTTP_HOST: "127.0.0.1", SERVER_NAME: "spam.example.com" }],
  ["https://127.0.0.1/", { HTTPS: "on" }],
  ["http://127.0.0.1:8000/", { SERVER_PORT: "8000", HTTP_HOST: "" }],
  ["https://127.0.0.1/", { HTTPS: "on", HTTP_HOST: "" }],
  ["https://127.0.0.1:80/", { HTTPS: "on", SERVER_PORT: "80", HTTP_HOST: "" }],
])("applicationUri gives %s of %j", (uri, environ) => {
  expect(applicationUri(setupTestingDefaults(environ))).toBe(uri);
});

it.each([
  ["http://127.0.0.1/", {}],
  ["http://127.0.0.1/spam", { SCRIPT_NAME: "/spam" }],
  ["http://127.0.0.1/sp%E4m", { SCRIPT_NAME: "/sp\u00e4m" }],
  ["http://127.0.0.1/spam", { PATH_INFO: "/spam" }],
  ["http://127.0.0.1/spammity/spam", { SCRIPT_NAME: "/spammity", PATH_INFO: "/spam" }],
  ["http://127.0.0.1/spammity/sp%E4m", { SCRIPT_NAME: "/spammity", PATH_INFO: "/sp\u00e4m" }],
  ["http://127.0.0.1/spammity/spam;ham", { SCRIPT_NAME: "/spammity", PATH_INFO: "/spam;ham" }],
  [
    "http://127.0.0.1/spammity/spam;cookie=1234,5678",
    { SCRIPT_NAME: "/spammity", PATH_INFO: "/spam;cookie=1234,5678" },
  ],
  ["http://127.0.0.1/spammity/spam?say=ni", { SCRIPT_NAME: "/spammity", PATH_INFO: "/spam", QUERY_STRING: "say=ni" }],
  [
    "http://127.0.0.1/spammity/spam?s%E4y=ni",
    { SCRIPT_NAME: "/spammity", PATH_INFO: "/spam", QUERY_STRING: "s%E4y=ni" },
  ],
])("requestUri gives %s of %j", (uri, environ) => {
  expect(requestUri(setupTestingDefaults(environ))).toBe(uri);
});

it("requestUri leaves the query out when asked to", () => {
  const environ = setupTestingDefaults({ SCRIPT_NAME: "/spammity", PATH_INFO: "/spam", QUERY_STRING: "say=ni" });
  expect(requestUri(environ, false)).toBe("http://127.0.0.1/spammity/spam");
});

it("requestUri refuses a path that is no native string", () => {
  expect(() => requestUri(setupTestingDefaults({ PATH_INFO: "/\u0100" }))).toThrow(ContractViolation);
});
