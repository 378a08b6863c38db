import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, onTestFinished, test } from "vitest";

import { rawRequest } from "../../src/testing/raw-request.ts";
import type { WSGIApplication } from "../../src/wsgi/types.ts";
import { serve } from "./serve.ts";

const hasIPv6 = networkInterfaces()["lo"]?.some(({ family }) => family === "IPv6") ?? false;
const NAMES = [
  "SERVER_NAME",
  "SERVER_PORT",
  "REMOTE_ADDR",
  "PATH_INFO",
  "QUERY_STRING",
  "REQUEST_URI",
  "HTTP_HOST",
  "wsgi.url_scheme",
];

/** Answers with some of the environ. */
const environApp: WSGIApplication = (environ, startResponse) => {
  startResponse("200 OK", []);
  return [Buffer.from(JSON.stringify(Object.fromEntries(NAMES.map((name) => [name, environ[name]]))), "latin1")];
};
const seen = (text: string): Record<string, string> =>
  JSON.parse(text.slice(text.indexOf("\r\n\r\n") + 4)) as Record<string, string>;
const ask = (target: string, method = "GET"): string =>
  `${method} ${target} HTTP/1.1\r\nHost: h:1\r\nConnection: close\r\n\r\n`;

describe("a server on", () => {
  test("a unix socket, whose file goes when it stops", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tsgi-socket-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, "s");
    const { address, server } = await serve(environApp, { host: `unix:${path}` });
    const { text } = await rawRequest(address, ask("/a"));
    expect(seen(text)).toMatchObject({
      SERVER_NAME: "localhost",
      SERVER_PORT: "80",
      REMOTE_ADDR: "",
      HTTP_HOST: "h:1",
    });
    expect(server.url).toBe(`http+unix:${path}`);
    await server.close();
    expect(existsSync(path)).toBe(false);
  });

  test.skipIf(!hasIPv6)("IPv6", async () => {
    const { address, server } = await serve(environApp, { host: "::1" });
    const { text } = await rawRequest(address, ask("/a"));
    expect(seen(text)).toMatchObject({ SERVER_NAME: "[::1]", REMOTE_ADDR: "::1" });
    expect(server.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
  });

  test.skipIf(!hasIPv6)("all addresses shows an IPv4 client as what it is", async () => {
    const { address } = await serve(environApp, { host: "" });
    if (!("port" in address)) throw new Error("Expected a TCP server");
    const { text } = await rawRequest({ host: "127.0.0.1", port: address.port }, ask("/a"));
    expect(seen(text)).toMatchObject({ SERVER_NAME: "127.0.0.1", REMOTE_ADDR: "127.0.0.1" });
  });
});

test.each([
  ["GET", "/a%20b?c%20d", { PATH_INFO: "/a b", QUERY_STRING: "c%20d", REQUEST_URI: "/a%20b?c%20d" }],
  ["GET", "http://h:1/a?b", { PATH_INFO: "/a", QUERY_STRING: "b", REQUEST_URI: "http://h:1/a?b", HTTP_HOST: "h:1" }],
  ["GET", "https://h:1", { PATH_INFO: "/", QUERY_STRING: "", "wsgi.url_scheme": "http" }],
  ["OPTIONS", "*", { PATH_INFO: "", QUERY_STRING: "", REQUEST_URI: "*" }],
  ["GET", "//a//b/../c", { PATH_INFO: "//a//b/../c" }],
])("%s %s reaches the application in its parts", async (method, target, parts) => {
  const { address } = await serve(environApp);
  expect(seen((await rawRequest(address, ask(target, method))).text)).toMatchObject(parts);
});

test("a header with an underscore does not reach the application, not even behind the true one", async () => {
  const found: string[] = [];
  const { address } = await serve((environ, startResponse) => {
    found.push(
      ...Object.keys(environ)
        .filter((key) => key.startsWith("HTTP_X"))
        .map((key) => `${key}=${String(environ[key])}`),
    );
    startResponse("200 OK", []);
    return [];
  });
  await rawRequest(
    address,
    "GET / HTTP/1.1\r\nHost: h\r\nX_Forwarded_For: evil\r\nX-Forwarded-For: good\r\nX_Forwarded-For: evil\r\n\r\n",
    {
      timeoutMs: 100,
    },
  );
  expect(found).toEqual(["HTTP_X_FORWARDED_FOR=good"]);
});
