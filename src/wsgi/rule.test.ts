import { expect, onTestFinished, test, vi } from "vitest";

import { enforce, show, type Rule } from "./rule.ts";

const RULE: Rule<number> = {
  code: "ERR_TSGI_TEST",
  text: "A number is even",
  check: (subject: number) => (subject % 2 === 0 ? null : `${subject} is odd`),
};

test("enforce throws what is broken, with what was found", () => {
  expect(() => enforce(RULE, 2)).not.toThrow();
  expect(() => enforce(RULE, 3)).toThrow("A number is even (3 is odd)");
});

test("enforce warns where the rule is a recommendation", () => {
  const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  onTestFinished(() => warned.mockRestore());
  enforce({ ...RULE, isWarning: true }, 3);
  expect(warned).toHaveBeenCalledWith("A number is even (3 is odd)", { type: "WSGIWarning", code: "ERR_TSGI_TEST" });
});

test.each([
  ["text", '"text"'],
  ["x".repeat(81), `"${"x".repeat(80)}…"`],
  [null, "null"],
  [undefined, "undefined"],
  [7, "7"],
  [true, "true"],
  [[1, 2], "an array of 2"],
  [() => {}, "a function"],
  [new Map(), "an object of Map"],
  [Object.create(null), "a value of type object"],
  [Symbol("s"), "a value of type symbol"],
])("show writes %j as %s", (value, expected) => {
  expect(show(value)).toBe(expected);
});
