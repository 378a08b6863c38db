import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decodeEnviron,
  decodeHead,
  encodeEnviron,
  encodeHead,
  JSON_KEY,
  KeyLists,
  type ValuesText,
} from "./environ-text.ts";
import { receiveChanges, SHARED, SHARED_KEY } from "./shared-value.ts";

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

describe("KeyLists", () => {
  /** What a guest makes of the frames, as docs/lane-protocol.md tells. */
  function guest(): (text: ValuesText | null, environ: Record<string, unknown>) => Record<string, unknown> | null {
    const lists: string[][] = [];
    return (encoded, environ) => {
      if (encoded === null) {
        const { text, pairs } = encodeEnviron(environ);
        return decodeEnviron(text, pairs);
      }
      if (encoded.definition !== null) lists[encoded.list] = encoded.definition.split("\0");
      const values = encoded.text.split("\0");
      const keys = lists[encoded.list]!;
      if (values.length !== keys.length + 1) return null;
      return decodeEnviron(keys.map((key, index) => `${key}\0${values[index]}\0`).join(""), keys.length);
    };
  }

  test("tells a list once, then only its number", () => {
    const lists = new KeyLists(4);
    const one = { REQUEST_METHOD: "GET", PATH_INFO: "/" };
    const other = { REQUEST_METHOD: "GET", PATH_INFO: "/", HTTP_HOST: "a" };
    expect(lists.encode(one)).toEqual({
      text: "GET\0/\0",
      list: 0,
      hasJson: false,
      definition: "REQUEST_METHOD\0PATH_INFO",
    });
    expect(lists.encode(other)).toMatchObject({
      text: "GET\0/\0a\0",
      list: 1,
      definition: "REQUEST_METHOD\0PATH_INFO\0HTTP_HOST",
    });
    expect(lists.encode(one)).toMatchObject({ text: "GET\0/\0", list: 0, definition: null });
    expect(lists.encode(one)).toMatchObject({ list: 0, definition: null });
    expect(lists.encode({ ...other, PATH_INFO: "/b" })).toMatchObject({
      text: "GET\0/b\0a\0",
      list: 1,
      definition: null,
    });
  });

  test("begins anew with the numbers when the guest remembers no more", () => {
    const lists = new KeyLists(2);
    const numbers = ["A", "B", "C", "A", "B"].map((key) => lists.encode({ [key]: "" })?.list);
    expect(numbers).toEqual([0, 1, 0, 1, 0]);
  });

  test("uses none for a guest that remembers none", () => {
    expect(new KeyLists(0).encode({ PATH_INFO: "/" })).toBeNull();
  });

  test.each([
    ["a NUL in the path", { PATH_INFO: "/a\0REMOTE_USER\0root" }],
    ["a value beyond latin-1", { PATH_INFO: "/", "my.value": "\u4e00" }],
    ["a key beyond latin-1", { PATH_INFO: "/", "my.\u4e00": "1" }],
    ["a key with a NUL", { PATH_INFO: "/", "my.\0": "1" }],
  ])("leaves %s to the pairs", (_what, environ) => {
    expect(new KeyLists(4).encode(environ)).toBeNull();
  });

  test("a header with a NUL in it changes the number of values, so that the guest refuses it", () => {
    const environ = { PATH_INFO: "/", HTTP_X: "a\0REMOTE_USER\0root" };
    expect(guest()(new KeyLists(4).encode(environ), environ)).toBeNull();
  });

  test("any environs come back, one after another, however few lists the guest remembers", () => {
    const key = fc.constantFrom("HTTP_A", "HTTP_B", "HTTP_C", "my.number", "my.text", "my.object");
    const value = fc.oneof(
      latin1,
      fc.integer(),
      fc.constant({ a: ["\u4e00"] }),
      fc.constant("\u4e00"),
      fc.constant("a\0b"),
    );
    const environ = fc
      .dictionary(key, value)
      .map((pairs): Record<string, unknown> => ({ PATH_INFO: "/", ...pairs }))
      .filter((pairs) => !Object.entries(pairs).some(([name, text]) => name.startsWith("HTTP") && text === "a\0b"));
    fc.assert(
      fc.property(fc.array(environ, { maxLength: 12 }), fc.integer({ min: 0, max: 3 }), (environs, limit) => {
        const lists = new KeyLists(limit);
        const decode = guest();
        for (const each of environs) expect(decode(lists.encode(each), each)).toEqual(each);
      }),
    );
  });
});

test("encodeEnviron tells what shared values hold, and receiveChanges gives them what the guest did", () => {
  const received: unknown[] = [];
  const shared = {
    kind: "session",
    share: () => '{"tsgi:int":"1"}',
    receive: (change: unknown) => received.push(change),
  };
  class Session {
    readonly [SHARED] = shared;
  }
  const environ = {
    PATH_INFO: "/",
    "a.session": new Session(),
    "a.token": Object.assign(() => "", { [SHARED]: shared }),
  };
  const { text, pairs } = encodeEnviron({ ...environ, "a.instance": new Map(), "a.function": () => "" });
  expect(decodeEnviron(text, pairs)).toEqual({
    PATH_INFO: "/",
    [SHARED_KEY]: { "a.session": ["session", shared.share()], "a.token": ["session", shared.share()] },
  });
  receiveChanges(environ, { "a.session": { set: 1 }, "a.missing": {}, constructor: {}, PATH_INFO: {} });
  receiveChanges(environ, null);
  expect(received).toEqual([{ set: 1 }]);
});
