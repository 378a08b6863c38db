import { describe, expect, test } from "vitest";
import { requestVariables } from "./cgi-variables.ts";
import { forgetRequest, splitEnvironment } from "./process-variables.ts";

describe("requestVariables", () => {
  test("leaves out what the web server's own process has", () => {
    const own = [
      "PATH",
      "HOME",
      "LD_PRELOAD",
      "NODE_OPTIONS",
      "DATABASE_URL",
      "TSGI_WORKERS",
      "SSL_CERT_FILE",
      "SSL_CERT_DIR",
      "SERVER_KEY",
      "SCRIPT",
      "http_proxy",
      "REMOTE_SECRET",
    ];
    expect(requestVariables(own.map((name) => [name, "x"]))).toEqual([]);
  });

  test.each([
    "HTTP_HOST",
    "SSL_CLIENT_S_DN_CN",
    "SSL_PROTOCOL",
    "REDIRECT_STATUS",
    "REQUEST_URI",
    "CONTEXT_PREFIX",
    "DOCUMENT_ROOT",
    "HTTPS",
    "UNIQUE_ID",
    "SCRIPT_URI",
    "AUTH_TYPE",
  ])("takes %s", (name) => expect(requestVariables([[name, "x"]])).toEqual([[name, "x"]]));
});

describe("splitEnvironment", () => {
  test("keeps bytes, line breaks and further equals signs, and takes nothing without a name", () => {
    expect(splitEnvironment("A=1=2\0PATH_INFO=/\u00c3\u00a9\n\0=x\0nothing\0B=\0")).toEqual([
      ["A", "1=2"],
      ["PATH_INFO", "/\u00c3\u00a9\n"],
      ["B", ""],
    ]);
  });
});

describe("forgetRequest", () => {
  test("leaves no header of the client where a library would take it for a setting", () => {
    const environment = { HTTP_PROXY: "http://evil/", HTTPS_PROXY: "http://ours/", PATH: "/bin", QUERY_STRING: "a" };
    forgetRequest(environment);
    expect(environment).toEqual({ HTTPS_PROXY: "http://ours/", PATH: "/bin" });
  });
});
