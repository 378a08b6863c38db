import { expect, test } from "vitest";

import { errorText } from "./error-text.ts";

test("errorText gives the stack, and a message without one", () => {
  const error = new TypeError("no such thing");
  expect(errorText(error)).toMatch(/^TypeError: no such thing\n {4}at /);
  Reflect.deleteProperty(error, "stack");
  Object.defineProperty(error, "stack", { value: undefined });
  expect(errorText(error)).toBe("TypeError: no such thing");
});

test.each([
  ["text", "Thrown value text"],
  [undefined, "Thrown value undefined"],
  [Symbol("s"), "Thrown value Symbol(s)"],
  [Object.create(null), "Thrown value of type object"],
])("errorText says of what is no error: %j", (thrown, expected) => {
  expect(errorText(thrown)).toBe(expected);
});

test("errorText lets nobody forge an entry of the log, or command a terminal", () => {
  const forged = "a\n[2026-01-01] [1] [INFO] forged\r\n\x1b[2J\u202e\u2028b";
  expect(errorText(forged)).toBe(
    "Thrown value a\n    [2026-01-01] [1] [INFO] forged\\u000D\n    \\u001B[2J\\u202E\\u2028b".replace(
      "\n    \\u001B",
      "\n    \\u001B",
    ),
  );
});
