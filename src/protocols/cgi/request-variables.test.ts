import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type RequestVariablesOptions, requestVariables } from "./request-variables.ts";

const ENVIRON = {
  REQUEST_METHOD: "POST",
  SCRIPT_NAME: "/app",
  PATH_INFO: "/x",
  QUERY_STRING: "a=b",
  SERVER_NAME: "example.org",
  SERVER_PORT: "443",
  SERVER_PROTOCOL: "HTTP/1.1",
  SERVER_SOFTWARE: "tsgi",
  REQUEST_URI: "/app/x?a=b",
  REMOTE_ADDR: "192.0.2.1",
  CONTENT_TYPE: "text/plain",
  CONTENT_LENGTH: "99",
  HTTP_HOST: "example.org",
  "wsgi.url_scheme": "https",
  "wsgi.input": {},
};

function variablesOf(environ: Record<string, unknown>, options: Partial<RequestVariablesOptions> = {}) {
  return Object.fromEntries(requestVariables({ ...ENVIRON, ...environ }, { contentLength: 5, ...options }));
}

describe("requestVariables", () => {
  it("describes a request", () => {
    expect(variablesOf({})).toEqual({
      CONTENT_LENGTH: "5",
      CONTENT_TYPE: "text/plain",
      GATEWAY_INTERFACE: "CGI/1.1",
      HTTPS: "on",
      HTTP_HOST: "example.org",
      PATH_INFO: "/x",
      QUERY_STRING: "a=b",
      REMOTE_ADDR: "192.0.2.1",
      REQUEST_METHOD: "POST",
      REQUEST_SCHEME: "https",
      REQUEST_URI: "/app/x?a=b",
      SCRIPT_NAME: "/app",
      SERVER_NAME: "example.org",
      SERVER_PORT: "443",
      SERVER_PROTOCOL: "HTTP/1.1",
      SERVER_SOFTWARE: "tsgi",
    });
  });

  it("says the length first, and only where the program may count on it", () => {
    expect(requestVariables(ENVIRON, { contentLength: 0 })[0]).toEqual(["CONTENT_LENGTH", "0"]);
    expect(variablesOf({}, { contentLength: null })).not.toHaveProperty("CONTENT_LENGTH");
  });

  it.each([
    "HTTP_PROXY",
    "HTTP_TRANSFER_ENCODING",
    "HTTP_CONTENT_LENGTH",
    "HTTP_CONNECTION",
    "HTTP_EXPECT",
    "HTTP_AUTHORIZATION",
    "PATH",
    "LD_PRELOAD",
    "PHP_VALUE",
    "BASH_FUNC_x%%",
    "PERL5LIB",
    "http_x",
    "HTTP_A.B",
    "HTTP_A=B",
    "tsgi.request_id",
    "paste.config",
    "__proto__x",
  ])("never passes %s", (name) => {
    expect(variablesOf({ [name]: "x" })).not.toHaveProperty([name]);
  });

  it("passes what it is told to pass", () => {
    expect(variablesOf({ HTTP_AUTHORIZATION: "x" }, { authorization: true })).toHaveProperty("HTTP_AUTHORIZATION");
    expect(variablesOf({ MELLON_UID: "me" }, { pass: ["MELLON_UID"] })).toHaveProperty("MELLON_UID", "me");
    expect(variablesOf({ HTTP_PROXY: "x" }, { pass: ["HTTP_PROXY"] })).not.toHaveProperty("HTTP_PROXY");
    expect(variablesOf({ REMOTE_USER: "me", AUTH_TYPE: "Basic" })).toMatchObject({
      REMOTE_USER: "me",
      AUTH_TYPE: "Basic",
    });
  });

  it.each<[string, string | undefined]>([
    ["/a b", "/srv/www/a b"],
    ["", undefined],
    ["/../etc/passwd", undefined],
    ["/a/..", undefined],
    ["/a..b", "/srv/www/a..b"],
  ])("translates the path %j to %j", (path, translated) => {
    const variables = variablesOf({ PATH_INFO: path }, { documentRoot: "/srv/www/", scriptFilename: "/srv/x.php" });
    expect(variables["PATH_TRANSLATED"]).toBe(translated);
    expect(variables).toMatchObject({ SCRIPT_FILENAME: "/srv/x.php", REDIRECT_STATUS: "200" });
    expect("PATH_INFO" in variables).toBe(path !== "");
  });

  it("believes the scheme of the environ, not HTTPS", () => {
    expect(variablesOf({ "wsgi.url_scheme": "http", HTTPS: "on" })).not.toHaveProperty("HTTPS");
  });

  it("refuses a NUL", () => {
    expect(() => variablesOf({ PATH_INFO: "/a\0b" })).toThrow(expect.objectContaining({ status: 400 }));
  });

  it("gives for any environ each name once, of letters that no program reads as something else", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ maxLength: 12 }), fc.oneof(fc.string(), fc.integer())), (environ) => {
        const strings = Object.fromEntries(
          Object.entries(environ).map(([name, value]) => [
            name,
            typeof value === "string" ? value.replaceAll("\0", "") : value,
          ]),
        );
        const names = requestVariables(strings, { contentLength: null }).map(([name]) => name);
        expect(new Set(names).size).toBe(names.length);
        for (const name of names) expect(name).toMatch(/^[A-Z][A-Z0-9_]*$/);
      }),
    );
  });
});
