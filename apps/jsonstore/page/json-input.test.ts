import { describe, expect, test } from "vitest";
import { convertInput, inputOf, readInput, type Input } from "./json-input.ts";

describe("inputOf", () => {
  test.each<[string, Input]>([
    ['"plain \\"quoted\\" text\\n"', { kind: "text", content: 'plain "quoted" text\n' }],
    [String.raw`"\u0041"`, { kind: "json", content: String.raw`"\u0041"` }],
    [String.raw`"\r"`, { kind: "json", content: String.raw`"\r"` }],
    [String.raw`"\ud800"`, { kind: "json", content: String.raw`"\ud800"` }],
    ["1.0", { kind: "number", content: "1.0" }],
    ["true", { kind: "true", content: "" }],
    ["null", { kind: "null", content: "" }],
    ['{"b":1}', { kind: "json", content: '{"b":1}' }],
  ])("%s can be typed without losing anything", (text, input) => {
    expect(inputOf(text)).toEqual(input);
    expect(readInput(input)).toEqual({ text });
  });
});

describe("readInput", () => {
  test.each<[Input, string]>([
    [{ kind: "json", content: ' { "2" : 1 , "1" : [ 1.0 , 1e400 ] } ' }, '{"2":1,"1":[1.0,1e400]}'],
    [
      { kind: "json", content: '{"__proto__": {"a": 12345678901234567890}}' },
      '{"__proto__":{"a":12345678901234567890}}',
    ],
    [{ kind: "json", content: '"\ud800"' }, String.raw`"\ud800"`],
    [{ kind: "text", content: 'a"\u0000' }, String.raw`"a\"\u0000"`],
    [{ kind: "number", content: " 1E+2 " }, "1E+2"],
  ])("%j", (input, text) => {
    expect(readInput(input)).toEqual({ text });
  });

  test.each<[Input, number]>([
    [{ kind: "json", content: '{"a":1,"a":2}' }, 7],
    [{ kind: "json", content: "[1,]" }, 3],
    [{ kind: "json", content: "" }, 0],
    [{ kind: "number", content: "01" }, 0],
    [{ kind: "number", content: "NaN" }, 0],
  ])("%j is refused where it is wrong", (input, index) => {
    expect(readInput(input)).toMatchObject({ fault: expect.any(String), index });
  });
});

test.each<[Input, Parameters<typeof convertInput>[1], string]>([
  [{ kind: "text", content: 'say "12"' }, "json", String.raw`"say \"12\""`],
  [{ kind: "json", content: String.raw`"say \"12\""` }, "text", 'say "12"'],
  [{ kind: "text", content: "12" }, "number", "12"],
  [{ kind: "true", content: "" }, "text", "true"],
  [{ kind: "true", content: "" }, "json", "true"],
  [{ kind: "json", content: "[1" }, "text", "[1"],
])("convertInput %j to %s", (input, kind, content) => {
  expect(convertInput(input, kind)).toBe(content);
});
