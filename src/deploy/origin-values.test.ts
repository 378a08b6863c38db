// Values that remember where they came from: what replaced what, and who sees a change.
import { describe, expect, test } from "vitest";
import { OriginValues, type Origin, type OriginValue } from "./origin-values.ts";

const [ONE, TWO, THREE] = [1, 2, 3].map((line): Origin => ({ kind: "key", file: "/a.ini", line })) as [
  Origin,
  Origin,
  Origin,
];

function valuesOf(...settings: readonly (readonly [key: string, value: string, origin: Origin])[]): OriginValues {
  const values = new OriginValues();
  for (const setting of settings) values.set(...setting);
  return values;
}

/** The lines of a value and of all that it replaced. */
function linesOf(setting: OriginValue | undefined): unknown[] {
  return setting === undefined ? [] : [setting.origin.line, ...linesOf(setting.replaced)];
}

describe("put", () => {
  test("remembers what was replaced, the latest first", () => {
    const values = valuesOf(["a", "x", ONE], ["a", "y", TWO], ["a", "z", THREE]);
    expect(values.get("a")?.value).toBe("z");
    expect(linesOf(values.get("a"))).toEqual([3, 2, 1]);
    expect([...values.everyValue()]).toEqual([
      ["a", "z"],
      ["a", "y"],
      ["a", "x"],
    ]);
  });

  test("replaces nothing by the same key of the same file", () => {
    const values = valuesOf(["a", "x", ONE], ["a", "y", TWO], ["a", "y", TWO]);
    expect(linesOf(values.get("a"))).toEqual([2, 1]);
    values.set("a", "z", TWO);
    expect(linesOf(values.get("a"))).toEqual([2, 2, 1]);
  });

  test("keeps what a setting of another set copied or replaced there", () => {
    const copied = { value: "z", origin: THREE, replaced: { value: "z", origin: TWO } };
    const values = valuesOf(["a", "x", ONE]);
    values.put("a", copied);
    expect(linesOf(values.get("a"))).toEqual([3, 2, 1]);
    const same = valuesOf(["a", "z", TWO]);
    same.put("a", copied);
    expect(linesOf(same.get("a"))).toEqual([3, 2]);
  });
});

describe("update", () => {
  test("writes all values of another set over the own ones, and keeps the others", () => {
    const values = valuesOf(["a", "x", ONE], ["b", "y", ONE]);
    values.update(valuesOf(["b", "z", TWO], ["c", "w", THREE]));
    expect([...values].map(([key, { value }]) => `${key}=${value}`)).toEqual(["a=x", "b=z", "c=w"]);
    expect([...values.keys()]).toEqual(["a", "b", "c"]);
    expect(linesOf(values.get("b"))).toEqual([2, 1]);
  });
});

describe("a copy", () => {
  test("shares its values until one of the two is written to", () => {
    const original = valuesOf(["a", "x", ONE]);
    const copy = new OriginValues(original);
    copy.set("a", "y", TWO);
    original.set("b", "z", THREE);
    expect([original.toObject(), copy.toObject()]).toEqual([{ a: "x", b: "z" }, { a: "y" }]);
    expect(copy.take("a")?.value).toBe("y");
    expect([original.has("a"), copy.has("a"), copy.take("a")]).toEqual([true, false, undefined]);
  });

  test("is updated by its original without a trace", () => {
    const original = valuesOf(["a", "x", ONE]);
    const copy = new OriginValues(original);
    copy.update(original);
    expect(linesOf(copy.get("a"))).toEqual([1]);
  });
});

test("toObject takes any key for data, in the order of writing", () => {
  const object = valuesOf(["__proto__", "x", ONE], ["constructor", "y", TWO]).toObject();
  expect(Object.keys(object)).toEqual(["__proto__", "constructor"]);
  expect(object["toString"]).toBeUndefined();
});
