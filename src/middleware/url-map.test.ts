// The URL map: precedence of mounts, what moves to SCRIPT_NAME, and the keys of the composite.
import { describe, expect, test } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import type { WSGIApplication } from "../wsgi/types.ts";
import { validator } from "../wsgi/validator.ts";
import { compositeFactory, urlMap } from "./url-map.ts";

/** Answers its name, and what it saw of the path. */
function named(name: string): WSGIApplication {
  return validator((environ, startResponse) => {
    const body = Buffer.from(`${name} "${environ.SCRIPT_NAME}" "${environ.PATH_INFO}"`);
    startResponse("200 OK", [
      ["Content-Type", "text/plain"],
      ["Content-Length", String(body.length)],
    ]);
    return [body];
  });
}

async function ask(application: WSGIApplication, address: string, host = "localhost"): Promise<string> {
  const response = await new TestClient(application).get(address, { headers: { Host: host } });
  return response.status === 200 ? response.text() : String(response.status);
}

describe("urlMap", () => {
  const app = urlMap([
    { path: "/", application: named("root") },
    { path: "/api", application: named("api") },
    { path: "/api/v2/", application: named("v2") },
    { path: "/", domain: "Shop.example", application: named("shop") },
    { path: "/", port: 8080, application: named("alternate") },
    { path: "/api", domain: "shop.example", port: 8080, application: named("both") },
  ]);

  test.each<[address: string, host: string, answer: string]>([
    ["/", "localhost", 'root "" "/"'],
    ["/x/y", "localhost", 'root "" "/x/y"'],
    ["/api", "localhost", 'api "/api" ""'],
    ["/api/", "localhost", 'api "/api" "/"'],
    ["/api/x", "localhost", 'api "/api" "/x"'],
    ["/apix", "localhost", 'root "" "/apix"'],
    ["/api/v2/x", "localhost", 'v2 "/api/v2" "/x"'],
    ["/api/v22", "localhost", 'api "/api" "/v22"'],
    ["/%61pi/x", "localhost", 'api "/api" "/x"'],
    ["/api", "shop.example", 'shop "" "/api"'],
    ["/x", "SHOP.example:80", 'shop "" "/x"'],
    ["/x", "other.example:8080", 'alternate "" "/x"'],
    ["/api/x", "shop.example:8080", 'both "/api" "/x"'],
    ["/api", "[::1]:8080", 'alternate "" "/api"'],
    ["/api", "shop.example.evil", 'api "/api" ""'],
    ["/x", "shop.example.", 'shop "" "/x"'],
    ["/x", "shop.example, other.example", 'root "" "/x"'],
    ["/x", "other.example@shop.example", 'root "" "/x"'],
    ["/x", "shop.example:8080:80", 'root "" "/x"'],
    ["/x", "shop.example/y", 'root "" "/x"'],
  ])("answers %s at %s with %s", async (address, host, answer) => {
    expect(await ask(app, address, host)).toBe(answer);
  });

  test("answers 404 where nothing is mounted, or asks the application for that", async () => {
    const entries = [{ path: "/a", application: named("a") }];
    expect(await ask(urlMap(entries), "/b")).toBe("404");
    expect(await ask(urlMap(entries, { notFound: named("rest") }), "/b")).toBe('rest "" "/b"');
  });

  test("adds to a SCRIPT_NAME that is there", async () => {
    const inner = urlMap([{ path: "/b", application: named("inner") }]);
    expect(await ask(urlMap([{ path: "/a", application: inner }]), "/a/b/c")).toBe('inner "/a/b" "/c"');
  });

  test.each<[what: string, paths: string[], message: string]>([
    ["a path without slash", ["a"], 'Option "path" is "a"; expected a path from "/"'],
    ["a place that is taken", ["/a", "/a/"], "Two applications are mounted at"],
  ])("refuses %s", (_, paths, message) => {
    expect(() => urlMap(paths.map((path) => ({ path, application: named("x") })))).toThrow(message);
  });
});

describe("compositeFactory", () => {
  const loader = { getApp: async (name: string) => named(name) };

  test("reads places from keys, and names from values", async () => {
    const local = { "/": "home", "/api": "api", "domain a.example port 81 /x": "special" };
    const app = await compositeFactory(loader, {}, local);
    expect(await ask(app, "/api/1")).toBe('api "/api" "/1"');
    expect(await ask(app, "/x", "a.example:81")).toBe('special "/x" ""');
    expect(await ask(app, "/x", "a.example")).toBe('home "" "/x"');
  });

  test.each<[key: string, host: string, path: string, answer: string]>([
    ["domain a.example", "a.example", "/y", 'special "" "/y"'],
    ["domain a.example port 81", "a.example:81", "/y", 'special "" "/y"'],
    ["port 81 domain a.example /x", "a.example:81", "/x", 'special "/x" ""'],
    ["/x domain a.example", "a.example:81", "/x", 'special "/x" ""'],
    ["domain bücher.example /x", "xn--bcher-kva.example", "/x", 'special "/x" ""'],
    ["domain a.example port 81", "a.example:82", "/y", 'home "" "/y"'],
  ])("reads the key %j: %s%s", async (key, host, path, answer) => {
    expect(await ask(await compositeFactory(loader, {}, { "/": "home", [key]: "special" }), path, host)).toBe(answer);
  });

  test("takes not_found_app from local or global values", async () => {
    expect(await ask(await compositeFactory(loader, { not_found_app: "lost" }, { "/a": "a" }), "/b")).toContain("lost");
    expect(await ask(await compositeFactory(loader, {}, { "/a": "a", not_found_app: "own" }), "/b")).toContain("own");
  });

  test.each([
    "api",
    "domain /x",
    "port x /",
    "http",
    "/a /b",
    "port 80 port 81",
    "domain a domain b",
    "domain",
    "/x port",
    "",
  ])("refuses the key %j", async (key) => {
    await expect(compositeFactory(loader, {}, { [key]: "x" })).rejects.toThrow(
      `Key "${key}" is not a place for an application`,
    );
  });
});
