// The prefix filter: what moves between SCRIPT_NAME and PATH_INFO, and whom it believes.
import { describe, expect, test } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import type { WSGIApplication } from "../wsgi/types.ts";
import { validator } from "../wsgi/validator.ts";
import { filterFactory, pastePrefix, type PastePrefixOptions } from "./paste-prefix.ts";

const KEYS = ["SCRIPT_NAME", "PATH_INFO", "wsgi.url_scheme", "HTTP_HOST", "SERVER_PORT", "REMOTE_ADDR"];

const telling: WSGIApplication = (environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "application/json"]]);
  return [Buffer.from(JSON.stringify(KEYS.map((key) => environ[key])))];
};

async function ask(options: PastePrefixOptions, path: string, headers: Record<string, string> = {}): Promise<unknown> {
  const app = validator(pastePrefix(options)(validator(telling)));
  const from: WSGIApplication = (environ, startResponse) => {
    environ.REMOTE_ADDR = "10.0.0.1";
    environ.HTTP_HOST = "inner.example";
    return app(environ, startResponse);
  };
  const response = await new TestClient(from).get(path, { headers });
  return response.status === 200 ? response.json() : response.status;
}

describe("pastePrefix", () => {
  test.each<[prefix: string, path: string, scriptName: string, pathInfo: string]>([
    ["/james", "/james/x", "/james", "/x"],
    ["/james/", "/james", "/james", "/"],
    ["/james", "/x", "/james", "/x"],
    ["/james", "/jameson/x", "/james", "/jameson/x"],
    ["/", "/x", "", "/x"],
  ])("%s makes of %s: %s and %s", async (prefix, path, scriptName, pathInfo) => {
    expect(await ask({ prefix }, path)).toMatchObject({ 0: scriptName, 1: pathInfo });
  });

  const FORWARDED = {
    "X-Forwarded-For": "6.6.6.6, 203.0.113.9, 10.0.0.2",
    "X-Forwarded-Host": "forged.example, shop.example",
    "X-Forwarded-Proto": "https",
  };

  test("believes nobody who is not named", async () => {
    const plain = ["", "/", "http", "inner.example", "80", "10.0.0.1"];
    expect(await ask({}, "/", FORWARDED)).toEqual(plain);
    expect(await ask({ trusted: ["192.0.2.0/24"] }, "/", FORWARDED)).toEqual(plain);
    expect(await ask({ trusted: ["10.0.0.0/8"], translateForwardedServer: false }, "/", FORWARDED)).toEqual(plain);
  });

  test("takes of a trusted proxy what it wrote itself, not what the client made up", async () => {
    const seen = await ask({ trusted: ["10.0.0.0/8"] }, "/", FORWARDED);
    expect(seen).toEqual(["", "/", "https", "shop.example", "443", "203.0.113.9"]);
  });

  test.each([
    [{ "X-Forwarded-Host": "a b" }],
    [{ "X-Forwarded-Server": "evil.example/path" }],
    [{ "X-Forwarded-Proto": "gopher" }],
    [{ "X-Forwarded-For": "unknown" }],
    [{ "X-Forwarded-For": "<script>" }],
  ])("ignores %o of a trusted proxy", async (headers) => {
    const plain = ["", "/", "http", "inner.example", "80", "10.0.0.1"];
    expect(await ask({ trusted: ["10.0.0.1"] }, "/", headers)).toEqual(plain);
  });

  test("reads X-Forwarded-For as the server does, and never takes what is no address", async () => {
    const headers = { "X-Forwarded-For": "not an address, 10.0.0.3, [10.0.0.2]:80" };
    expect(await ask({ trusted: ["10.0.0.0/8"] }, "/", headers)).toMatchObject({ 5: "10.0.0.3" });
  });

  test.each<[options: PastePrefixOptions, scheme: string, host: string, port: string]>([
    [{ scheme: "https" }, "https", "inner.example", "80"],
    [{ forcePort: "8080" }, "http", "inner.example:8080", "8080"],
    [{ forcePort: "", scheme: "https" }, "https", "inner.example", "443"],
    [{ forcePort: "" }, "http", "inner.example", "80"],
  ])("%o", async (options, scheme, host, port) => {
    expect(await ask(options, "/")).toMatchObject({ 2: scheme, 3: host, 4: port });
  });

  test("reads an INI section, and refuses what it cannot use", () => {
    const section = { prefix: "/a", trusted: "10.0.0.1 unix", force_port: "", scheme: "HTTPS" };
    expect(filterFactory({}, { ...section, translate_forwarded_server: "no" })).toBeTypeOf("function");
    expect(() => filterFactory({}, { prefix: "james" })).toThrow('expected a path from "/"');
    expect(() => filterFactory({}, { force_port: "http" })).toThrow("expected a port");
    expect(() => filterFactory({}, { trusted: "proxy.example" })).toThrow("expected an address");
  });
});
