// The small tools on compact text: spans, edits, pretty printing, pointers, equality.
import { isDeepStrictEqual } from "node:util";
import { describe, expect, test } from "vitest";
import { insertElement, removeElement, removeMember, setMember } from "./edit.ts";
import { isEqualJson } from "./equal.ts";
import { Random } from "../../test/random.ts";
import { escapeKey, hasLoneSurrogate, unescapeKey } from "./json-key.ts";
import { arrayIndex, formatPointer, parsePointer } from "./pointer.ts";
import { touchOf } from "./pointer-relation.ts";
import { pretty, PrettyPrinter } from "./pretty.ts";
import { countOf, findElement, findMember, valueEnd, valueEndWithin } from "./spans.ts";

describe("edit", () => {
  const object = '{"a":1,"b":[2],"c":{}}';
  const whole = (text: string) => ({ start: 0, end: text.length });

  test.each([
    ["sets in place", setMember(object, whole(object), "b", "9"), '{"a":1,"b":9,"c":{}}'],
    ["adds at the end", setMember(object, whole(object), "d", "9"), '{"a":1,"b":[2],"c":{},"d":9}'],
    ["adds to an empty object", setMember("{}", whole("{}"), "d", "9"), '{"d":9}'],
    ["removes the first", removeMember(object, whole(object), "a"), '{"b":[2],"c":{}}'],
    ["removes the last", removeMember(object, whole(object), "c"), '{"a":1,"b":[2]}'],
    ["removes the only one", removeMember('{"a":1}', whole('{"a":1}'), "a"), "{}"],
    ["inserts in front", insertElement("[1,2]", whole("[1,2]"), 0, "9"), "[9,1,2]"],
    ["inserts behind", insertElement("[1,2]", whole("[1,2]"), 2, "9"), "[1,2,9]"],
    ["removes an element", removeElement('["a,]",2,3]', whole('["a,]",2,3]'), 0), "[2,3]"],
  ])("%s", (_, result, expected) => {
    expect(result).toBe(expected);
  });
});

test("spans end where values end, whatever strings have in them", () => {
  const text = '["a\\\\","]\\"[",{"x":"}"}]';
  expect(valueEnd(text, 0)).toBe(text.length);
  expect(valueEndWithin(text, 0, 5)).toBe(-1);
  expect(valueEndWithin('[@5,"@"]', 0, 100)).toBe(-1);
  expect(valueEndWithin('["@"]', 0, 100)).toBe(5);
});

test("a text that was damaged at one place has an end, or is an error", () => {
  const outcomes = new Set<string>();
  const look = (work: () => unknown): void => {
    try {
      work();
      outcomes.add("end");
    } catch (error) {
      outcomes.add(String(error).replace(/\d+/, "N"));
    }
  };
  for (const text of ['{"a":1,"b":["x\\"",{"c":[]}],"d":{}}', '[1,"a",[2,"]"],{"b":{"c":3}}]']) {
    const damaged = Array.from(text).flatMap((_, at) =>
      ["", ...Array.from('"\\{}[],:0')].map((other) => text.slice(0, at) + other + text.slice(at + 1)),
    );
    for (const other of [...damaged, ...Array.from(text, (_, at) => text.slice(0, at))]) {
      look(() => valueEnd(other, 0));
      look(() => countOf(other, 0));
      look(() => findMember(other, 0, "none"));
      look(() => findElement(other, 0, 1000));
    }
  }
  expect(outcomes).toEqual(new Set(["end", "Error: The database is damaged: a text of N characters has no end"]));
});

test("pretty printing does not depend on where the text is cut", () => {
  const text = '{"a":[],"b":{},"c":[1,{"d":"x\\",:{["}]}';
  expect(pretty(text)).toBe(`${JSON.stringify(JSON.parse(text), null, 4)}\n`);
  const printer = new PrettyPrinter();
  expect(Array.from(text, (piece) => printer.write(piece)).join("") + printer.end()).toBe(pretty(text));
});

test.each([
  ["1.0", "1", true],
  ["1e2", "100", true],
  ["-0", "0", true],
  ["1e400", "10E399", true],
  ["12345678901234567890", "12345678901234567891", false],
  ["0.1", "0.10000000000000000001", false],
  ['"\\u0041"', '"A"', true],
  ['{"a":1,"b":2}', '{"b":2,"a":1.0}', true],
  ['{"a":1}', '{"a":1,"b":2}', false],
  ["[1,2]", "[2,1]", false],
  ["[]", "{}", false],
  [`1e${"9".repeat(100_000)}`, `1e${"9".repeat(100_000)}`, true],
])("%.30s equals %.30s: %s", (a, b, expected) => {
  expect(isEqualJson(a, b)).toBe(expected);
});

test("values that are compared side by side are read once; of an object in another order the rest is read once more", () => {
  let extra = 0;
  const spend = (characters: number): void => void (extra += characters);
  const same = '{"a":{"b":[1,{"c":2}]},"d":3}';
  expect([isEqualJson(same, same.replace("3", "3.0"), spend), extra]).toEqual([true, 0]);
  expect([isEqualJson('{"x":0,"a":1,"b":2}', '{"x":0,"b":2,"a":1}', spend), extra]).toEqual([true, 11]);
  const deep = (inner: string, depth: number): string => (depth === 0 ? inner : `{"k":${deep(inner, depth - 1)}}`);
  expect([isEqualJson(deep("1", 400), deep("1.0", 400), spend), extra]).toEqual([true, 11]);
});

test("random values are equal to themselves in any order of their members, and to nothing that differs", () => {
  const chance = new Random(20);
  const next = (limit: number): number => chance.below(limit);
  const value = (depth: number): unknown => {
    const kind = next(depth === 0 ? 3 : 5);
    if (kind < 3) return [next(3), `s${next(3)}`, null][kind];
    const inner = Array.from({ length: next(4) }, () => value(depth - 1));
    return kind === 3 ? inner : Object.fromEntries(inner.map((each, index) => [`k${index}`, each]));
  };
  const shuffled = (one: unknown): unknown => {
    if (Array.isArray(one)) return one.map(shuffled);
    if (typeof one !== "object" || one === null) return one;
    const entries = Object.entries(one).map(([key, each]): [string, unknown] => [key, shuffled(each)]);
    for (let at = entries.length; at > 1; at -= 1) entries.push(...entries.splice(next(at), 1));
    return Object.fromEntries(entries);
  };
  const texts = Array.from({ length: 300 }, () => value(4));
  for (const [index, one] of texts.entries()) {
    expect(isEqualJson(JSON.stringify(one), JSON.stringify(shuffled(one)))).toBe(true);
    const other = texts[(index + 1) % texts.length];
    expect(isEqualJson(JSON.stringify(one), JSON.stringify(other))).toBe(isDeepStrictEqual(one, other));
  }
});

test("keys have one escape, and half a surrogate pair is seen", () => {
  for (const key of ["", "a", '"', "\\", "\u0000", "é", "💥", "\u2028"]) expect(unescapeKey(escapeKey(key))).toBe(key);
  expect([hasLoneSurrogate("💥"), hasLoneSurrogate("\ud800")]).toEqual([false, true]);
});

test("pointers", () => {
  expect(parsePointer("/a~1b/~01/")).toEqual(["a/b", "~1", ""]);
  expect(formatPointer(["a/b", "~1", ""])).toBe("/a~1b/~01/");
  expect([parsePointer("a"), parsePointer("/~"), parsePointer("/~2")]).toEqual([null, null, null]);
  expect(["0", "10", "01", "-1", "1.0", "-", ""].map(arrayIndex)).toEqual([0, 10, null, null, null, null, null]);
});

test.each([
  ["/a", "/a/b", false, "inside"],
  ["/a", "/ab", false, null],
  ["/a/b", "/a", false, "above"],
  ["/l/3", "/l/3", true, "above"],
  ["/l/3/x", "/l/1", true, "above"],
  ["/l/3", "/l/4", true, null],
  ["/l", "/l/0", true, "inside"],
] as const)("%s is touched by a change of %s (shift: %s): %s", (watched, changed, isShift, expected) => {
  expect(touchOf(watched, changed, isShift)).toBe(expected);
});
