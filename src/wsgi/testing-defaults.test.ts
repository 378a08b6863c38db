import { expect, it } from "vitest";
import { EMPTY_INPUT } from "./input-stream.ts";
import { StringErrorStream } from "./string-error-stream.ts";
import { setupTestingDefaults } from "./testing-defaults.ts";

const DEFAULTS: [key: string, value: unknown][] = [
  ["SERVER_NAME", "127.0.0.1"],
  ["SERVER_PORT", "80"],
  ["SERVER_PROTOCOL", "HTTP/1.0"],
  ["HTTP_HOST", "127.0.0.1"],
  ["REQUEST_METHOD", "GET"],
  ["SCRIPT_NAME", ""],
  ["PATH_INFO", "/"],
  ["QUERY_STRING", ""],
  ["wsgi.version", [1, 0]],
  ["wsgi.run_once", false],
  ["wsgi.multithread", false],
  ["wsgi.multiprocess", false],
  ["wsgi.input", EMPTY_INPUT],
  ["wsgi.errors", new StringErrorStream()],
  ["wsgi.url_scheme", "http"],
];

it.each(DEFAULTS)("setupTestingDefaults fills in %s, and keeps it where it is", (key, value) => {
  expect(setupTestingDefaults({})[key]).toEqual(value);
  const own = key === "wsgi.url_scheme" ? "https" : "own";
  expect(setupTestingDefaults({ [key]: own })[key]).toBe(own);
});

it.each([
  ["HTTP_HOST", "foo.bar", { SERVER_NAME: "foo.bar" }],
  ["wsgi.url_scheme", "https", { HTTPS: "on" }],
  ["wsgi.url_scheme", "http", { HTTPS: "foo" }],
  ["SERVER_PORT", "443", { HTTPS: "1" }],
  ["SERVER_PORT", "80", { HTTPS: "foo" }],
  ["PATH_INFO", "", { SCRIPT_NAME: "/spam" }],
  ["SCRIPT_NAME", "", { PATH_INFO: "/spam" }],
])("setupTestingDefaults derives %s as %j from %j", (key, value, environ) => {
  expect(setupTestingDefaults(environ)[key]).toBe(value);
});

it("setupTestingDefaults fills in the object that it is given", () => {
  const environ = {};
  expect(setupTestingDefaults(environ)).toBe(environ);
});
