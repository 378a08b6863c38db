import { describe, expect, test } from "vitest";

import { mountUnder, type PublicRequest, showPublicRequest } from "./public-request.ts";
import { setupTestingDefaults } from "./testing-defaults.ts";

const NOTHING: PublicRequest = { client: null, scheme: null, host: null, port: null, prefix: null };
const BEFORE = {
  REMOTE_ADDR: "10.0.0.1",
  "wsgi.url_scheme": "http",
  HTTP_HOST: "inner:8000",
  SERVER_NAME: "10.9.9.9",
  SERVER_PORT: "8000",
  SCRIPT_NAME: "",
};

describe("showPublicRequest", () => {
  test.each<[string, Partial<PublicRequest>, Record<string, string>, given?: Record<string, string>]>([
    ["nothing", {}, {}],
    ["the client", { client: { address: "203.0.113.9", port: "5" } }, { REMOTE_ADDR: "203.0.113.9", REMOTE_PORT: "5" }],
    [
      "the scheme: the name is that of the Host field",
      { scheme: "https" },
      { "wsgi.url_scheme": "https", SERVER_NAME: "inner", SERVER_PORT: "8000" },
    ],
    [
      "the scheme, where the Host field has no port: it is the usual one",
      { scheme: "https" },
      { "wsgi.url_scheme": "https", HTTP_HOST: "inner", SERVER_NAME: "inner", SERVER_PORT: "443" },
      { HTTP_HOST: "inner" },
    ],
    [
      "the scheme, where the host is an address in brackets",
      { scheme: "http" },
      { HTTP_HOST: "[::1]", SERVER_NAME: "[::1]", SERVER_PORT: "80" },
      { HTTP_HOST: "[::1]" },
    ],
    [
      "the scheme, where the host ends in a colon",
      { scheme: "http" },
      { HTTP_HOST: "inner:", SERVER_NAME: "inner", SERVER_PORT: "80" },
      { HTTP_HOST: "inner:" },
    ],
    [
      "the host",
      { host: { name: "shop.test", port: null } },
      { HTTP_HOST: "shop.test", SERVER_NAME: "shop.test", SERVER_PORT: "80" },
    ],
    [
      "the host with a port of its own",
      { host: { name: "shop.test", port: "8443" }, scheme: "https" },
      { HTTP_HOST: "shop.test:8443", SERVER_NAME: "shop.test", SERVER_PORT: "8443", "wsgi.url_scheme": "https" },
    ],
    [
      "the port, which counts before that of the host",
      { host: { name: "shop.test", port: "1" }, port: "443", scheme: "https" },
      { HTTP_HOST: "shop.test", SERVER_NAME: "shop.test", SERVER_PORT: "443", "wsgi.url_scheme": "https" },
    ],
    ["the port alone", { port: "81" }, { HTTP_HOST: "inner:81", SERVER_NAME: "inner", SERVER_PORT: "81" }],
    ["the prefix, before what is there", { prefix: "/shop" }, { SCRIPT_NAME: "/shop/app" }, { SCRIPT_NAME: "/app" }],
  ])("shows %s", (_title, request, expected, given = {}) => {
    const environ = Object.assign(setupTestingDefaults({}), BEFORE, given);
    showPublicRequest(environ, { ...NOTHING, ...request });
    expect(environ).toMatchObject({ ...BEFORE, ...given, ...expected });
  });

  test("takes SERVER_NAME where there is no Host field", () => {
    const environ = Object.assign(setupTestingDefaults({}), BEFORE);
    Reflect.deleteProperty(environ, "HTTP_HOST");
    showPublicRequest(environ, { ...NOTHING, scheme: "https" });
    expect(environ).toMatchObject({ SERVER_NAME: "10.9.9.9", SERVER_PORT: "443" });
    expect(environ.HTTP_HOST).toBeUndefined();
  });
});

describe("mountUnder", () => {
  test.each([
    ["/shop/x", "/shop", true, "/shop", "/x"],
    ["/shop", "/shop", true, "/shop", ""],
    ["/shopping", "/shop", false, "/shop", "/shopping"],
    ["/other", "/shop", false, "/shop", "/other"],
    ["/x", "", true, "", "/x"],
  ])("takes %s under %j: %j", (path, prefix, isUnder, scriptName, pathInfo) => {
    const environ = { SCRIPT_NAME: "/a", PATH_INFO: path };
    expect(mountUnder(environ, prefix)).toBe(isUnder);
    expect(environ).toEqual({ SCRIPT_NAME: `/a${scriptName}`, PATH_INFO: pathInfo });
  });
});
