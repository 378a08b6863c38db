import { describe, expect, test } from "vitest";
import { compact } from "./compact.ts";
import { TextFault } from "./text-fault.ts";

const LIMITS = { depth: 4, keyBytes: 8, stringBytes: 10 };

function faultOf(text: string): TextFault {
  try {
    compact(text, LIMITS);
  } catch (error) {
    if (error instanceof TextFault) return error;
  }
  throw new Error(`Nothing is wrong with ${text}`);
}

describe("compact", () => {
  test.each([
    ["a scalar", " 1.0 ", "1.0"],
    ["numbers of any size", "[1e400, 12345678901234567890,-0]", "[1e400,12345678901234567890,-0]"],
    ["order of members", '{"b":1, "a":2, "1":3}', '{"b":1,"a":2,"1":3}'],
    ["escapes in strings", '["\\u0041\\/"]', '["\\u0041\\/"]'],
    ["half a surrogate pair in strings", '["\\ud800"]', '["\\ud800"]'],
    ["white space in strings", '[ " \\n " ]', '[" \\n "]'],
    ["every kind of white space", '\t{\r\n"a" :\n[ ]\n}', '{"a":[]}'],
    ["reserved names", '{"__proto__":1,"":2}', '{"__proto__":1,"":2}'],
  ])("keeps %s", (_, text, expected) => {
    expect(compact(text)).toBe(expected);
  });

  test("returns a text that is compact as the same string", () => {
    const text = '{"a":[1,"x"],"b":{}}';
    expect(compact(text)).toBe(text);
  });

  test("gives keys their canonical escape", () => {
    expect(compact('{"\\u0061":1, "\\/":2, "\\u000a":3}')).toBe('{"a":1,"/":2,"\\n":3}');
  });

  test.each([
    ["[1,]", "syntax", 3, "/1"],
    ["{'a':1}", "syntax", 1, ""],
    ["[NaN]", "syntax", 1, "/0"],
    ["[01]", "syntax", 2, "/0"],
    ['["a]', "syntax", 4, "/0"],
    ['["\t"]', "syntax", 2, "/0"],
    ['["\\x"]', "syntax", 2, "/0"],
    ["", "syntax", 0, ""],
    ["1 2", "syntax", 2, ""],
    ['{"x":{"a":1,"\\u0061":2}}', "duplicate-key", 12, "/x/a"],
    ['{"\\ud800":1}', "lone-surrogate", 1, ""],
    ["[[[[[", "too-deep", 4, "/0/0/0/0"],
    ['{"123456789":1}', "key-too-long", 1, ""],
    ['["1234567890+"]', "string-too-long", 1, "/0"],
  ] as const)("refuses %s as %s", (text, code, index, pointer) => {
    expect(faultOf(text)).toMatchObject({ code, index, pointer });
  });

  test("finds a duplicate among many keys", () => {
    const keys = Array.from({ length: 100 }, (_, index) => `"k${index}":0`);
    expect(() => compact(`{${keys.join(",")},"k50":1}`)).toThrow("twice");
  });

  test("takes any depth and any number of pieces", () => {
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    expect(compact(deep, { ...LIMITS, depth: 100_000 })).toBe(deep);
    const spaced = `[${" 1 ,".repeat(20_000)} 1 ]`;
    expect(compact(spaced)).toBe(`[${"1,".repeat(20_000)}1]`);
  });
});
