// What is JSON: the same as for JSON.parse, whatever the text is, except for what is refused on purpose. And cases in the manner of
// JSONTestSuite (https://github.com/nst/JSONTestSuite): y must be taken, n must not.
import fc from "fast-check";
import { expect, test } from "vitest";
import { compact } from "./compact.ts";
import { TextFault } from "./text-fault.ts";

const Y = [
  "[]",
  "{}",
  "[null]",
  "[-0]",
  "[1E+2]",
  "[0e1]",
  "[1.5e-9]",
  '["\\ud83d\\ude39"]',
  '["\\u0000"]',
  '["\u007f"]',
  '["\u2028"]',
  '{"a":{"b":[]}}',
  " [] ",
  '"x"',
  "-1",
  '["\\\\a"]',
  '["\\"\\\\\\/\\b\\f\\n\\r\\t"]',
  '{"":0}',
  '["\\uD800"]',
  "[123e65]",
  "[\n]",
];
const N = [
  "[",
  "]",
  "[,]",
  "[1,,2]",
  "[1 true]",
  '["a" "b"]',
  "[+1]",
  "[.5]",
  "[1.]",
  "[0x1]",
  "[1e]",
  "[1e+]",
  "[-]",
  "[--1]",
  "[01]",
  "[Infinity]",
  "[-NaN]",
  "[nul]",
  "[tru]",
  "True",
  "{a:1}",
  '{"a" 1}',
  '{"a":}',
  '{"a":1,}',
  '{,"a":1}',
  '{"a":1}}',
  "{1:1}",
  "['a']",
  '["\\u12"]',
  '["\\uZZZZ"]',
  '["\\\n"]',
  '["\u0000"]',
  "[1]//",
  "/**/[]",
  "[1]x",
  "\u00a0[]",
  "\f[]",
  '"',
  "\\u0000",
  "[\u2060]",
  "",
  " ",
  '{"a":"b"}#',
  "[1:2]",
  "<null>",
  "*",
];

test.each(Y)("takes %j", (text) => {
  expect(JSON.parse(compact(text))).toEqual(JSON.parse(text));
});

test.each(N)("refuses %j", (text) => {
  expect(() => compact(text)).toThrow(TextFault);
});

function parsedOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

test("takes what JSON.parse takes, and nothing else", () => {
  const base = fc.json({ maxDepth: 4 });
  const mutated = fc.tuple(
    base,
    fc.nat(),
    fc.constantFrom("", '"', "\\", ",", "[", "}", ":", "0", "e", ".", "-", " ", "\u0001", "t"),
  );
  fc.assert(
    fc.property(mutated, ([text, place, piece]) => {
      const at = place % (text.length + 1);
      const changed = text.slice(0, at) + piece + text.slice(at + (place % 2));
      let fault: TextFault | null = null;
      let result = "";
      try {
        result = compact(changed);
      } catch (error) {
        fault = error as TextFault; // it throws nothing else
      }
      const isOnPurpose = fault?.code === "duplicate-key" || fault?.code === "lone-surrogate";
      fc.pre(!isOnPurpose);
      const parsed = parsedOrUndefined(changed);
      expect(fault?.code, changed).toBe(parsed === undefined ? "syntax" : undefined);
      expect(parsedOrUndefined(result)).toEqual(parsed);
    }),
    { numRuns: 3000 },
  );
});
