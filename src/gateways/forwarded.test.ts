import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import type { WSGIEnvironment } from "../wsgi/types.ts";
import {
  FORWARDED_FIELDS,
  ForwardedFields,
  forwardedFieldNamed,
  isForwarded,
  USUAL_FORWARDED_FIELDS,
} from "./forwarded.ts";
import { TrustedProxies } from "./trusted-proxies.ts";

const TRUSTED = TrustedProxies.parse("10.0.0.0/8, fd00::/8, 127.0.0.1");
const PEER = { REMOTE_ADDR: "10.0.0.1", REMOTE_PORT: "40000", SERVER_NAME: "10.9.9.9", SERVER_PORT: "8000" };

let warnings: string[] = [];
beforeEach(() => {
  warnings = [];
});

function forward(fields: Record<string, string>, set = FORWARDED_FIELDS.slice()): WSGIEnvironment {
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
  new ForwardedFields(TRUSTED, set, (message) => warnings.push(message)).apply(environ);
  return environ;
}

describe("ForwardedFields finds the client", () => {
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
    ["empty elements, which count for nothing", "6.6.6.6,, 203.0.113.9, ,10.0.0.2,", "203.0.113.9", ""],
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
    ["for=6.6.6.6, , for=203.0.113.9,,for=10.0.0.2, ", "203.0.113.9", ""],
    ["for=203.0.113.9;;proto=https;", "203.0.113.9", ""],
    ['for="203.0.113.9";ext="a, for=6.6.6.6"', "203.0.113.9", ""],
    [String.raw`for=203.0.113.9;ext="a\", for=6.6.6.6"`, "203.0.113.9", ""],
    // A quote that the client left open hides nothing of what the proxy has written.
    ['for=", for=203.0.113.9', "203.0.113.9", ""],
    ['for="6.6.6.6, for=203.0.113.9, for="10.0.0.2"', "203.0.113.9", ""],
    ["for=6.6.6.6;for=7.7.7.7, for=10.0.0.2", "10.0.0.2", ""],
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

describe("ForwardedFields finds how the client came", () => {
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
    ["/a, /shop", "/shop"],
    ["/50%25", "/50%"],
  ])("X-Forwarded-Prefix %s is the script name", (prefix, scriptName) => {
    expect(forward({ "X-Forwarded-Prefix": prefix })).toMatchObject({ SCRIPT_NAME: scriptName, PATH_INFO: "/a" });
  });

  test("leaves the fields as they came", () => {
    expect(forward({ "X-Forwarded-For": "6.6.6.6, 1.2.3.4" })["HTTP_X_FORWARDED_FOR"]).toBe("6.6.6.6, 1.2.3.4");
  });
});

describe("ForwardedFields ignores, with a warning,", () => {
  const AS_SEEN = {
    REMOTE_ADDR: "10.0.0.1",
    "wsgi.url_scheme": "http",
    HTTP_HOST: "shop.example:8443",
    SCRIPT_NAME: "",
  };

  test.each([
    [
      { "X-Forwarded-Proto": "https", Forwarded: "for=1.2.3.4;proto=http" },
      /disagree about the scheme/,
      { REMOTE_ADDR: "1.2.3.4" },
    ],
    [{ "X-Forwarded-For": "1.2.3.4", Forwarded: "for=4.3.2.1" }, /disagree about the client/],
    [{ "X-Forwarded-Host": "a.example", Forwarded: "host=b.example" }, /disagree about the host/],
    [{ "X-Forwarded-For": "unknown" }, /unreadable X-Forwarded-For header/],
    [{ "X-Forwarded-Proto": "gopher" }, /unreadable X-Forwarded-Proto header/],
    [{ "X-Forwarded-Proto": "constructor" }, /unreadable X-Forwarded-Proto header/],
    [{ "X-Forwarded-Proto": "__proto__" }, /unreadable X-Forwarded-Proto header/],
    [{ "X-Forwarded-Host": "a b" }, /unreadable X-Forwarded-Host header/],
    [{ "X-Forwarded-Host": "user@a" }, /unreadable X-Forwarded-Host header/],
    [{ "X-Forwarded-Port": "0" }, /unreadable X-Forwarded-Port header/],
    [{ "X-Forwarded-Port": "99999" }, /unreadable X-Forwarded-Port header/],
    [{ "X-Forwarded-Prefix": "shop" }, /unreadable X-Forwarded-Prefix header/],
    [{ "X-Forwarded-Prefix": "//evil.example" }, /unreadable X-Forwarded-Prefix header/],
    [{ "X-Forwarded-Prefix": "/%2Fevil.example" }, /unreadable X-Forwarded-Prefix header/],
    [{ "X-Forwarded-Prefix": String.raw`/\evil.example` }, /unreadable X-Forwarded-Prefix header/],
    [{ "X-Forwarded-Prefix": "/%5cevil.example" }, /unreadable X-Forwarded-Prefix header/],
    [{ "X-Forwarded-Prefix": "/a?b" }, /unreadable X-Forwarded-Prefix header/],
    [{ "X-Forwarded-Prefix": "/a%00" }, /unreadable X-Forwarded-Prefix header/],
    [{ Forwarded: 'for="' }, /unreadable Forwarded header/],
    [{ Forwarded: "for" }, /unreadable Forwarded header/],
    [{ Forwarded: "for=1.2.3.4 proto=https" }, /unreadable Forwarded header/],
  ] as [Record<string, string>, RegExp, object?][])("%j", (fields, message, seen = {}) => {
    expect(forward(fields)).toMatchObject({ ...AS_SEEN, ...seen });
    expect(warnings).toEqual([expect.stringMatching(message)]);
  });

  test("whatever a field holds, without any error", () => {
    const name = fc.constantFrom(...FORWARDED_FIELDS);
    const grammar = fc.string({ unit: fc.constantFrom(...'for=;,"\\ []:1.a'.split("")) });
    fc.assert(
      fc.property(name, fc.oneof(fc.string({ unit: "binary" }), grammar), (field, value) => {
        expect(forward({ [field]: value })).toMatchObject({ SERVER_NAME: expect.stringMatching(/./) });
      }),
    );
  });

  test("what was forged in Forwarded, whatever it is, hides no hop that a proxy has added", () => {
    const grammar = fc.string({ unit: fc.constantFrom(...'for=;,"\\ []:1.6a'.split("")) });
    fc.assert(
      fc.property(grammar, (forged) => {
        expect(forward({ Forwarded: `${forged}, for=203.0.113.9;proto=https` }).REMOTE_ADDR).toBe("203.0.113.9");
      }),
    );
  });
});

describe("ForwardedFields believes what the front end sets", () => {
  const ALL = {
    "X-Forwarded-For": "1.2.3.4",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Port": "666",
    "X-Forwarded-Prefix": "/evil",
    Forwarded: "for=6.6.6.6;host=evil.example",
  };

  test("by default For and Proto", () => {
    expect(forward(ALL, [...USUAL_FORWARDED_FIELDS])).toMatchObject({
      REMOTE_ADDR: "1.2.3.4",
      "wsgi.url_scheme": "https",
      HTTP_HOST: "shop.example:8443",
      SERVER_NAME: "shop.example",
      SERVER_PORT: "8443",
      SCRIPT_NAME: "",
    });
    expect(warnings).toEqual([]);
  });

  test.each([
    ["X-Forwarded-Host", { HTTP_HOST: "evil.example", SERVER_PORT: "80" }],
    ["X-Forwarded-Port", { HTTP_HOST: "shop.example:666" }],
    ["X-Forwarded-Prefix", { SCRIPT_NAME: "/evil" }],
    ["Forwarded", { REMOTE_ADDR: "6.6.6.6", HTTP_HOST: "evil.example" }],
  ] as const)("only %s where only that is set", (field, seen) => {
    const rest = {
      REMOTE_ADDR: "10.0.0.1",
      "wsgi.url_scheme": "http",
      HTTP_HOST: "shop.example:8443",
      SCRIPT_NAME: "",
    };
    expect(forward(ALL, [field])).toMatchObject({ ...rest, ...seen });
  });

  test("and puts a prefix before what SCRIPT_NAME holds already", () => {
    const environ = { ...forward({}), SCRIPT_NAME: "/mounted", HTTP_X_FORWARDED_PREFIX: "/shop" };
    new ForwardedFields(TRUSTED, ["X-Forwarded-Prefix"], () => {}).apply(environ);
    expect(environ.SCRIPT_NAME).toBe("/shop/mounted");
  });
});

test.each([
  ["x-forwarded-host", "X-Forwarded-Host"],
  ["script_name", "SCRIPT_NAME"],
  ["X-Forwarded-Server", undefined],
])("forwardedFieldNamed finds %s", (name, field) => {
  expect(forwardedFieldNamed(name)).toBe(field);
});

test.each<[Record<string, string>, boolean]>([
  [{ HTTP_X_FORWARDED_FOR: "x" }, true],
  [{ HTTP_X_FORWARDED_PROTO: "x" }, true],
  [{ HTTP_X_FORWARDED_HOST: "x" }, true],
  [{ HTTP_X_FORWARDED_PORT: "x" }, true],
  [{ HTTP_X_FORWARDED_PREFIX: "x" }, true],
  [{ HTTP_FORWARDED: "x" }, true],
  [{ HTTP_HOST: "x", HTTP_VIA: "x" }, false],
])("isForwarded says of %j: %j", (fields, expected) => {
  expect(isForwarded(fields as unknown as WSGIEnvironment)).toBe(expected);
});
