import { describe, expect, test } from "vitest";
import { TargetFormError } from "./errors.ts";
import { parseTarget } from "./parse-target.ts";

describe("parseTarget", () => {
  test.each([
    ["app.ts", { module: "app.ts", isFile: true }],
    ["./a.b/app.mts", { module: "./a.b/app.mts", isFile: true }],
    ["app.cjs:handler", { module: "app.cjs", isFile: true, attribute: "handler" }],
    ["view.tsx:$x", { module: "view.tsx", isFile: true, attribute: "$x" }],
    ["shop.wsgi", { module: "shop.wsgi", isFile: false }],
    ["shop.wsgi:application", { module: "shop.wsgi", isFile: false, attribute: "application" }],
    ["@scope/pkg:app", { module: "@scope/pkg", isFile: false, attribute: "app" }],
    ["shop:make()", { module: "shop", isFile: false, attribute: "make", factoryArguments: [] }],
    [
      'app.ts:make("b.ts:c", 2, {"a": [null]})',
      { module: "app.ts", isFile: true, attribute: "make", factoryArguments: ["b.ts:c", 2, { a: [null] }] },
    ],
  ])("reads %s", (text, expected) => {
    expect(parseTarget(text)).toEqual({ text, ...expected });
  });

  test.each([
    ["", /Cannot read the target/],
    [":app", /Cannot read the target/],
    ["app.ts:", /Cannot read the attribute/],
    ["app.ts:a b", /Cannot read the attribute/],
    ["app.ts:a.b()", /Cannot read the attribute/],
    ["shop:make(x)", /expected JSON values/],
    ["shop:make('single')", /expected JSON values/],
    ["app.py", /loads TypeScript and JavaScript/],
    ["two words", /Cannot read the target/],
  ])("refuses %j with one clear message", (text, message) => {
    expect(() => parseTarget(text)).toThrow(TargetFormError);
    expect(() => parseTarget(text)).toThrow(message);
  });
});
