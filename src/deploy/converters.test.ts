// The converters: PasteDeploy's words, numbers and lists.
import { describe, expect, test } from "vitest";
import { asBool, asGlobalConf, asInt, asList } from "./converters.ts";

describe("asBool", () => {
  test.each(["true", "yes", "on", "y", "t", "1", "True", " YES ", "oN"])("reads %j as true", (word) => {
    expect(asBool(word)).toBe(true);
  });

  test.each(["false", "no", "off", "n", "f", "0", "False", " NO"])("reads %j as false", (word) => {
    expect(asBool(word)).toBe(false);
  });

  test("takes what is no string by its truth", () => {
    expect([true, 1, 0, null, undefined].map((value) => asBool(value))).toEqual([true, true, false, false, false]);
  });

  test.each(["", "maybe", "2", "truee"])("refuses %j", (word) => {
    expect(() => asBool(word)).toThrow("neither true nor false");
  });
});

describe("asInt", () => {
  test.each<[value: unknown, number: number]>([
    ["8080", 8080],
    [" -7 ", -7],
    ["+1_000", 1000],
    [3.9, 3],
  ])("reads %j", (value, number) => {
    expect(asInt(value)).toBe(number);
  });

  test.each(["", "x", "1.5", "0x10", "1e3", "99999999999999999999", null, Number.NaN])("refuses %j", (value) => {
    expect(() => asInt(value)).toThrow("Bad integer value");
  });
});

test.each<[value: unknown, separator: string | null, isStripped: boolean, list: unknown[]]>([
  [" a  b\nc ", null, true, ["a", "b", "c"]],
  ["a, b,,c", ",", true, ["a", "b", "", "c"]],
  ["a, b", ",", false, ["a", " b"]],
  ["", null, true, []],
  [["x"], null, true, ["x"]],
  [null, null, true, []],
  [5, null, true, [5]],
])("asList splits %j at %j", (value, separator, isStripped, list) => {
  expect(asList(value, separator, isStripped)).toEqual(list);
});

test("asList splits at white space where no separator is given, and strips where one is", () => {
  expect([asList(" a  b "), asList("a, b", ","), asList(undefined)]).toEqual([["a", "b"], ["a", "b"], []]);
});

test.each([asBool, asInt])("%o quotes no value whose key says that it is a secret", (convert) => {
  expect(() => convert("hunter2", { key: "password" })).toThrow('alue "(hidden)"');
  expect(() => convert("red", { key: "colour" })).toThrow('alue "red"');
});

describe("asGlobalConf", () => {
  test("reads KEY=value arguments, the first = divides", () => {
    expect(asGlobalConf(["a=1", "b=x=y", "c="])).toEqual({ a: "1", b: "x=y", c: "" });
  });

  test.each(["a", "=b", ""])("refuses %j", (argument) => {
    expect(() => asGlobalConf([argument])).toThrow("expected KEY=value");
  });
});
