import { expect, test } from "vitest";

import { escapeText, isHarmless } from "./escape-text.ts";

test.each([
  ["", ""],
  ["GET /a?b=c HTTP/1.1", "GET /a?b=c HTTP/1.1"],
  ['a"b', "a\\x22b"],
  ["a\\x22b", "a\\x5Cx22b"],
  ["a\nb\r\0\x1b[2J", "a\\x0Ab\\x0D\\x00\\x1B[2J"],
  ["\x7f\xe4", "\\x7F\\xE4"],
  ["\u2028\u{1f600}", "\\u2028\\uD83D\\uDE00"],
])("escapeText makes %j %j", (text, expected) => {
  expect(escapeText(text)).toBe(expected);
  expect(isHarmless(text)).toBe(text === expected);
  expect(isHarmless(expected.replaceAll("\\", ""))).toBe(true);
});
