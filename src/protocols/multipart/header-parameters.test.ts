import { expect, test } from "vitest";
import { parseParameters, trimBlanks } from "./header-parameters.ts";

test.each<[text: string, value: string, parameters: Record<string, string>]>([
  ["form-data", "form-data", {}],
  [" Form-Data \t", "form-data", {}],
  ["form-data;", "form-data", {}],
  ["form-data; name=a", "form-data", { name: "a" }],
  ['form-data;NAME="a b";filename=x.txt ', "form-data", { name: "a b", filename: "x.txt" }],
  ['form-data; name = "a;b=c"', "form-data", { name: "a;b=c" }],
  ['form-data; name=""', "form-data", { name: "" }],
  ["form-data; name=", "form-data", { name: "" }],
  ['form-data; name="a\\"b\\\\c"', "form-data", { name: 'a"b\\c' }],
  ['form-data; filename="C:\\dir\\file"', "form-data", { filename: "C:\\dir\\file" }],
  ["form-data; filename*=UTF-8''x", "form-data", { "filename*": "UTF-8''x" }],
  ["; name=a", "", { name: "a" }],
])("parseParameters(%j) is %j with %j", (text, value, parameters) => {
  const parsed = parseParameters(text, "the header");
  expect([parsed.value, Object.fromEntries(parsed.parameters)]).toEqual([value, parameters]);
});

test.each<[text: string, message: string]>([
  ["form-data; name=a; NAME=b", 'Expected the parameter "name" of the header once'],
  ["form-data; name", 'Expected parameters such as name="value" in the header'],
  ['form-data; name="a', "Expected parameters such as"],
  ['form-data; name="a"b', "Expected parameters such as"],
  ["form-data; =a", "Expected parameters such as"],
  ["form-data;; name=a", "Expected parameters such as"],
])("parseParameters refuses %j", (text, message) => {
  expect(() => parseParameters(text, "the header")).toThrow(message);
});

test.each([
  [" \ta b\t ", "a b"],
  ["\u00a0a\u00a0", "\u00a0a\u00a0"],
  [" \t", ""],
  ["", ""],
])("trimBlanks(%j) is %j", (text, trimmed) => {
  expect(trimBlanks(text)).toBe(trimmed);
});
