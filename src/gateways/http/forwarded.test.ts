import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { WSGIEnvironment } from "../../wsgi/types.ts";
import { applyForwarded, isForwarded } from "./forwarded.ts";
import { TrustedProxies } from "./trusted-proxies.ts";

const TRUSTED = TrustedProxies.parse("10.0.0.0/8, fd00::/8, 127.0.0.1");
const PEER = { REMOTE_ADDR: "10.0.0.1", REMOTE_PORT: "40000", SERVER_NAME: "10.9.9.9", SERVER_PORT: "8000" };

function forward(fields: Record<string, string>): WSGIEnvironment {
  const variables = Object.entries(fields).map(([name, value]) => [
    `HTTP_${name.toUpperCase().replaceAll("-", "_")}`,
    value,
  ]);
  const environ = {
    ...PEER,
    HTTP_HOST: "shop.example:8443",
    SCRIPT_NAME: "",
    PATH_INFO: "/a",
    "wsgi.url_scheme": "http",
    ...Object.fromEntries(variables),
  } as unknown as WSGIEnvironment;
  applyForwarded(environ, TRUSTED);
  return environ;
}

describe("applyForwarded finds the client", () => {
  test.each([
    ["one hop", "203.0.113.9", "203.0.113.9", ""],
    ["what the client has forged at the left", "6.6.6.6, 203.0.113.9", "203.0.113.9", ""],
    ["a forged trusted address at the left", "127.0.0.1, 203.0.113.9, 10.0.0.2", "203.0.113.9", ""],
    ["hops that are trusted", "203.0.113.9, 10.0.0.3, 10.0.0.2", "203.0.113.9", ""],
    ["a way of trusted hops only", "10.1.1.1, 10.0.0.2", "10.1.1.1", ""],
    ["IPv6", "2001:db8::7, fd00::1", "2001:db8::7", ""],
    ["IPv6 in brackets with a port", "[2001:db8::7]:443", "2001:db8::7", "443"],
    ["a port", "203.0.113.9:5123", "203.0.113.9", "5123"],
    ["an IPv4 address mapped to IPv6", "203.0.113.9, ::ffff:10.0.0.7", "203.0.113.9", ""],
    ["an unknown hop: the last known one", "6.6.6.6, unknown, 10.0.0.2", "10.0.0.2", ""],
    ["nonsense: the peer", "'; drop table", "10.0.0.1", "40000"],
    ["nothing: the peer", "", "10.0.0.1", "40000"],
    ["an address that is none: the peer", "999.1.1.1", "10.0.0.1", "40000"],
  ])("in X-Forwarded-For: %s", (_, value, address, port) => {
    expect(forward({ "X-Forwarded-For": value })).toMatchObject({ REMOTE_ADDR: address, REMOTE_PORT: port });
  });

  test.each([
    ["for=203.0.113.9", "203.0.113.9", ""],
    ['for=6.6.6.6, For="[2001:db8::7]:4711", for=10.0.0.2;by=10.0.0.1', "2001:db8::7", "4711"],
    ["for=6.6.6.6, for=unknown", "10.0.0.1", "40000"],
    ["for=6.6.6.6, for=_hidden, for=10.0.0.2", "10.0.0.2", ""],
    ["proto=https", "10.0.0.1", "40000"],
    ['for="203.0.113.9:_gazonk"', "203.0.113.9", ""],
  ])("in Forwarded: %s", (value, address, port) => {
    expect(forward({ Forwarded: value })).toMatchObject({ REMOTE_ADDR: address, REMOTE_PORT: port });
  });

  test("never in what stands left of the first address that is not trusted", () => {
    const forged = fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string({ unit: "grapheme-ascii" })), { maxLength: 5 });
    fc.assert(
      fc.property(forged, fc.integer({ min: 0, max: 3 }), (left, hops) => {
        const way = [...left, "203.0.113.9", ...Array.from({ length: hops }, (_, index) => `10.0.0.${index + 2}`)];
        expect(forward({ "X-Forwarded-For": way.join(", ") }).REMOTE_ADDR).toBe("203.0.113.9");
      }),
    );
  });
});

describe("applyForwarded finds how the client came", () => {
  test.each([
    [{ "X-Forwarded-Proto": "https" }, "https", "shop.example", "8443", "shop.example:8443"],
    [{ "X-Forwarded-Proto": "WSS" }, "https", "shop.example", "8443", "shop.example:8443"],
    [{ "X-Forwarded-Host": "a.example" }, "http", "a.example", "80", "a.example"],
    [{ "X-Forwarded-Host": "[2001:db8::1]:81" }, "http", "[2001:db8::1]", "81", "[2001:db8::1]:81"],
    [{ "X-Forwarded-Proto": "https", "X-Forwarded-Host": "a.example" }, "https", "a.example", "443", "a.example"],
    [{ "X-Forwarded-Proto": "https", "X-Forwarded-Port": "443" }, "https", "shop.example", "443", "shop.example"],
    [{ "X-Forwarded-Port": "81" }, "http", "shop.example", "81", "shop.example:81"],
    [{ Forwarded: "for=1.2.3.4;proto=https;host=a.example" }, "https", "a.example", "443", "a.example"],
    [{ Forwarded: 'host=evil.example, for=1.2.3.4;host="a.example:1"' }, "http", "a.example", "1", "a.example:1"],
    [{ "X-Forwarded-For": "1.2.3.4" }, "http", "10.9.9.9", "8000", "shop.example:8443"],
    [
      { "X-Forwarded-For": "6.6.6.6, 1.2.3.4, 10.0.0.2", "X-Forwarded-Proto": "http, https, http" },
      "https",
      "shop.example",
      "8443",
      "shop.example:8443",
    ],
    [
      { "X-Forwarded-Proto": "https", Forwarded: "for=1.2.3.4;proto=HTTPS" },
      "https",
      "shop.example",
      "8443",
      "shop.example:8443",
    ],
  ])("%j", (fields, scheme, name, port, host) => {
    expect(forward(fields)).toMatchObject({
      "wsgi.url_scheme": scheme,
      SERVER_NAME: name,
      SERVER_PORT: port,
      HTTP_HOST: host,
    });
  });

  test.each([
    ["/shop", "/shop"],
    ["/shop/", "/shop"],
    ["/", ""],
    ["/caf%C3%A9", "/caf\xc3\xa9"],
  ])("X-Forwarded-Prefix %s is the script name", (prefix, scriptName) => {
    expect(forward({ "X-Forwarded-Prefix": prefix })).toMatchObject({ SCRIPT_NAME: scriptName, PATH_INFO: "/a" });
  });

  test("leaves the fields as they came", () => {
    expect(forward({ "X-Forwarded-For": "6.6.6.6, 1.2.3.4" })["HTTP_X_FORWARDED_FOR"]).toBe("6.6.6.6, 1.2.3.4");
  });
});

describe("applyForwarded refuses", () => {
  test.each([
    [{ "X-Forwarded-Proto": "https", Forwarded: "for=1.2.3.4;proto=http" }, /same scheme/],
    [{ "X-Forwarded-For": "1.2.3.4", Forwarded: "for=4.3.2.1" }, /same client/],
    [{ "X-Forwarded-Host": "a.example", Forwarded: "host=b.example" }, /same host/],
    [{ "X-Forwarded-Proto": "gopher" }, /'http' or 'https'/],
    [{ "X-Forwarded-Host": "a b" }, /host of the form/],
    [{ "X-Forwarded-Host": "user@a" }, /host of the form/],
    [{ "X-Forwarded-Port": "0" }, /port/],
    [{ "X-Forwarded-Port": "99999" }, /port/],
    [{ "X-Forwarded-Prefix": "shop" }, /prefix/],
    [{ "X-Forwarded-Prefix": "//evil.example" }, /prefix/],
    [{ "X-Forwarded-Prefix": "/a?b" }, /prefix/],
    [{ Forwarded: 'for="' }, /RFC 7239/],
    [{ Forwarded: 'for=", for=1.2.3.4' }, /RFC 7239/],
    [{ Forwarded: "for" }, /RFC 7239/],
  ])("%j", (fields, message) => {
    expect(() => forward(fields)).toThrow(message);
    expect(() => forward(fields)).toThrow(expect.objectContaining({ status: 400, fault: "remote" }));
  });

  test("or reads whatever a field holds, without any other error", () => {
    const name = fc.constantFrom("X-Forwarded-For", "Forwarded", "X-Forwarded-Host", "X-Forwarded-Prefix");
    fc.assert(
      fc.property(name, fc.string({ unit: "binary" }), (field, value) => {
        expect(statusOf(() => forward({ [field]: value }))).toBeOneOf([200, 400]);
      }),
    );
  });
});

function statusOf(act: () => unknown): unknown {
  try {
    act();
    return 200;
  } catch (error) {
    return (error as { status?: unknown }).status;
  }
}

describe("isForwarded", () => {
  test.each(["FOR", "PROTO", "HOST", "PORT", "PREFIX"])("sees X-Forwarded-%s", (name) => {
    expect(isForwarded({ [`HTTP_X_FORWARDED_${name}`]: "x" } as unknown as WSGIEnvironment)).toBe(true);
  });

  test("sees Forwarded, and nothing in other requests", () => {
    expect(isForwarded({ HTTP_FORWARDED: "x" } as unknown as WSGIEnvironment)).toBe(true);
    expect(isForwarded({ HTTP_HOST: "x" } as unknown as WSGIEnvironment)).toBe(false);
  });
});
