import { describe, expect, it } from "vitest";
import { mockEnviron } from "../testing/mock-environ.ts";
import { TestClient } from "../testing/test-client.ts";
import type { WSGIEnvironment } from "../wsgi/types.ts";
import { validator } from "../wsgi/validator.ts";
import { canonicalRedirect, type CanonicalRedirectOptions, filterFactory } from "./canonical-redirect.ts";

const hello = validator((_, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [Buffer.from("hello")];
});

/** What a client is told: the status, and where to. */
async function ask(options: CanonicalRedirectOptions, url: string, method = "GET") {
  const client = new TestClient(validator(canonicalRedirect(options)(hello)));
  const { status, headers } = await client.request(method, url);
  return status === 200 ? 200 : `${status} ${headers.get("Location") ?? ""}`;
}

describe("canonicalRedirect", () => {
  it.each<[CanonicalRedirectOptions, string, number | string]>([
    [{ hosts: ["shop.example"] }, "http://shop.example/", "301 https://shop.example/"],
    [{ hosts: ["shop.example"] }, "https://shop.example/", 200],
    [{ hosts: ["shop.example"] }, "https://SHOP.example.:8443/", 200],
    [{ hosts: ["shop.example"] }, "http://shop.example:8080/", "301 https://shop.example/"],
    [{ hosts: ["shop.example"], port: 8443 }, "http://shop.example:8080/", "301 https://shop.example:8443/"],
    [{ hosts: ["shop.example"] }, "http://www.shop.example/", "400 "],
    [{ hosts: [".shop.example"] }, "http://a.shop.example/", "301 https://a.shop.example/"],
    [{ hosts: ["[::1]"], www: "add" }, "http://[::1]:8000/", "301 https://[::1]/"],
    [{ hosts: ["localhost", "127.0.0.1"], www: "add" }, "http://localhost/", "301 https://localhost/"],
    [{ hosts: ["localhost", "127.0.0.1"], www: "add" }, "http://127.0.0.1/", "301 https://127.0.0.1/"],
    [
      { hosts: ["bücher.example"], www: "add" },
      "https://xn--bcher-kva.example/",
      "301 https://www.xn--bcher-kva.example/",
    ],
    [{ hosts: ["shop.example"], www: "add" }, "http://shop.example/", "301 https://www.shop.example/"],
    [{ hosts: ["shop.example"], www: "add" }, "https://www.shop.example/", 200],
    [{ hosts: ["www.shop.example"], www: "add" }, "https://shop.example/", "301 https://www.shop.example/"],
    [{ hosts: ["www.shop.example"], www: "remove" }, "https://www.shop.example/", "301 https://shop.example/"],
    [{ hosts: ["www.shop.example"], www: "remove" }, "https://shop.example/", 200],
    [{ hosts: [".shop.example"], www: "add" }, "https://a.shop.example/", 200],
    [
      { hosts: ["shop.example"], www: "remove", toHttps: false },
      "http://www.shop.example/",
      "301 http://shop.example/",
    ],
    [{ hosts: ["shop.example"], toHttps: false }, "http://shop.example/", 200],
    [{ host: "shop.example" }, "https://evil.example/", "301 https://shop.example/"],
    [{ host: "shop.example" }, "https://shop.example/", 200],
    [{ host: "shop.example", permanent: false }, "http://shop.example/", "302 https://shop.example/"],
  ])("with %j answers %s with %j", async (options, url, expected) => {
    expect(await ask(options, url)).toBe(expected);
  });

  it.each([
    ["HEAD", true, 301],
    ["POST", true, 308],
    ["OPTIONS", true, 308],
    ["HEAD", false, 302],
    ["DELETE", false, 307],
  ])("answers %s, permanent %j, with %i", async (method, isPermanent, status) => {
    expect(await ask({ host: "shop.example", permanent: isPermanent }, "http://shop.example/a", method)).toBe(
      `${status} https://shop.example/a`,
    );
  });

  it.each(["/a%20b/%e4%2F%2f?x=%zz&y=a?b=/c", "//evil.example/x", "/a/../b/./c", "/%0d%0aSet-Cookie:%20a=b"])(
    "keeps %s byte for byte",
    async (target) => {
      expect(await ask({ host: "shop.example" }, `http://shop.example${target}`)).toBe(
        `301 https://shop.example${target}`,
      );
    },
  );

  it.each([
    ["an absolute target", { REQUEST_URI: "http://evil.example/a%2Fb?c", PATH_INFO: "/a/b" }, "/a%2Fb?c"],
    ["a target with a path alone", { REQUEST_URI: "http://evil.example?c", PATH_INFO: "/", QUERY_STRING: "c" }, "/?c"],
    [
      "a prefix that the front end took off",
      { REQUEST_URI: "/a%2Fb", SCRIPT_NAME: "/caf\u00c3\u00a9", PATH_INFO: "/a/b" },
      "/caf%C3%A9/a%2Fb",
    ],
    [
      "a path that middleware has changed",
      { REQUEST_URI: "/old", PATH_INFO: "/n\u00c3\u00b6?#", QUERY_STRING: "q=1" },
      "/n%C3%B6%3F%23?q=1",
    ],
    ["an empty query", { REQUEST_URI: "/?", PATH_INFO: "/" }, "/?"],
    [
      "what some take for an authority",
      { REQUEST_URI: "/\\evil.example", PATH_INFO: "/\\evil.example" },
      "/\\evil.example",
    ],
    ["no address of the request", { REQUEST_URI: undefined, PATH_INFO: "/a b" }, "/a%20b"],
  ])("understands %s", async (_, given, expected) => {
    const environ = { ...mockEnviron({ url: "http://shop.example/" }), ...given } as WSGIEnvironment;
    let location: string | undefined;
    await canonicalRedirect({ host: "shop.example" })(hello)(environ, (_status, headers) => {
      location = new Map(headers).get("Location");
      return () => {};
    });
    expect(location).toBe(`https://shop.example${expected}`);
  });

  it.each([
    ["/healthz", 200],
    ["/healthz/deep", 200],
    ["/healthzz", "400 "],
    ["/.well-known/acme-challenge/token", 200],
    ["/.well-known/acme-challengers", "400 "],
  ])("answers %s for another host with %j", async (path, expected) => {
    expect(await ask({ hosts: ["shop.example"], exemptPaths: ["/healthz"] }, `http://10.0.0.1${path}`)).toBe(expected);
  });

  it.each([
    "evil.example",
    "shop.example@evil.example",
    "evil.example/.shop.example",
    "shop.example:80@evil.example",
    "",
  ])("leads nobody to Host %j", async (host) => {
    for (const options of [{ hosts: [".shop.example"], www: "add" }, { host: "www.shop.example" }] as const) {
      const client = new TestClient(canonicalRedirect(options)(hello));
      const { status, headers } = await client.get("/", { headers: { Host: host } });
      const isOurs = headers.get("Location") === "https://www.shop.example/";
      expect([status, isOurs]).toEqual("host" in options ? [301, true] : [400, false]);
    }
  });
});

it.each<[Record<string, string>, string]>([
  [{}, 'Options "host" and "hosts" are both given or both missing'],
  [{ host: "a.example", hosts: "b.example" }, "expected one of them"],
  [{ host: "a.example:80" }, "expected a name without a port"],
  [{ host: "https://a.example" }, "expected a name without a port"],
  [{ host: "a.example", www: "add" }, 'expected "hosts" with it'],
  [{ hosts: "a.example/b" }, 'Option "hosts" has the entry "a.example/b"'],
  [{ hosts: "a.example", port: "0" }, 'Option "port" is 0'],
  [{ hosts: "a.example", exempt_paths: "health" }, 'expected a path from "/"'],
])("filterFactory refuses %j", (conf, message) => {
  expect(() => filterFactory({}, conf)).toThrow(message);
});
