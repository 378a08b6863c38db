import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeEnviron, decodeHead, encodeEnviron, encodeHead, JSON_KEY } from "./environ-text.ts";

const latin1 = fc.string({
  unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 40,
});

describe("encodeEnviron", () => {
  test("writes key and value, each followed by NUL, and counts the pairs", () => {
    expect(encodeEnviron({ REQUEST_METHOD: "GET", PATH_INFO: "/\u00e9", QUERY_STRING: "" })).toEqual({
      text: "REQUEST_METHOD\0GET\0PATH_INFO\0/\u00e9\0QUERY_STRING\0\0",
      pairs: 3,
      hasJson: false,
    });
  });

  test("leaves behind what each side provides itself, and what cannot travel", () => {
    const { text } = encodeEnviron({
      PATH_INFO: "/",
      "wsgi.input": {},
      "wsgi.version": [1, 0],
      "wsgi.url_scheme": "http",
      "my.function": () => 1,
      "my.instance": new Map(),
      "my.symbol": Symbol("x"),
      "my.nothing": undefined,
    });
    expect(text).toBe("PATH_INFO\0/\0wsgi.url_scheme\0http\0");
  });

  test("does not touch the signal, which is made when it is asked for", () => {
    let isAsked = false;
    const environ = Object.defineProperty({ PATH_INFO: "/" }, "tsgi.signal", {
      enumerable: true,
      get: () => {
        isAsked = true;
        return null;
      },
    });
    encodeEnviron(environ);
    expect(isAsked).toBe(false);
  });

  test("any native strings come back", () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          latin1.filter((key) => key !== "" && key !== JSON_KEY && !/^[a-z_]/.test(key)),
          latin1,
        ),
        (environ) => {
          const { text, pairs } = encodeEnviron({ PATH_INFO: "/", ...environ });
          expect(decodeEnviron(text, pairs)).toEqual({ PATH_INFO: "/", ...environ });
        },
      ),
    );
  });

  test.each([
    ["a number", 1.5],
    ["a boolean", false],
    ["null", null],
    ["an array", ["a", 1, [null]]],
    ["an object", { a: { b: "\u4e00" } }],
    ["bytes", Buffer.from([0, 255])],
    ["a bigint", 2n ** 80n],
    ["a date", new Date(1000)],
    ["a string with a NUL", "a\0b"],
    ["a string beyond latin-1", "\u4e00\u{1f600}"],
  ])("%s comes back with its type", (_what, value) => {
    const { text, pairs, hasJson } = encodeEnviron({ PATH_INFO: "/", "my.value": value });
    expect(hasJson).toBe(true);
    expect(/^[\0-\u007f]*$/.test(text)).toBe(true);
    expect(decodeEnviron(text, pairs)).toEqual({ PATH_INFO: "/", "my.value": value });
  });

  test("a path with a NUL in it does not become another pair", () => {
    const { text, pairs } = encodeEnviron({ PATH_INFO: "/a\0REMOTE_USER\0root" });
    expect(decodeEnviron(text, pairs)).toEqual({ PATH_INFO: "/a\0REMOTE_USER\0root" });
  });

  test("a header with a NUL in it changes the number of parts, so that the guest refuses it", () => {
    const { text, pairs } = encodeEnviron({ PATH_INFO: "/", HTTP_X: "a\0REMOTE_USER\0root" });
    expect(decodeEnviron(text, pairs)).toBeNull();
  });
});

describe("encodeHead and decodeHead", () => {
  test("give back status and headers in order", () => {
    const headers: [string, string][] = [
      ["Set-Cookie", "a=1"],
      ["Set-Cookie", ""],
      ["X", "\u00e9"],
    ];
    expect(decodeHead(encodeHead("200 OK", headers))).toEqual({ status: "200 OK", headers });
    expect(decodeHead(encodeHead("204 No Content", []))).toEqual({ status: "204 No Content", headers: [] });
  });

  test("without a status, all parts are headers", () => {
    expect(decodeHead("Link\0</a>", false)).toEqual({ status: "", headers: [["Link", "</a>"]] });
  });
});
