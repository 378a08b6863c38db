import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { shellWords, systemdWords, yamlText } from "./generated-file.ts";

describe("shellWords", () => {
  test("is read by sh as the same words", () => {
    const word = fc.string({ unit: "binary", minLength: 1, maxLength: 8 }).filter((text) => !text.includes("\0"));
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (words) => {
        const script = `for word in ${shellWords(words)}; do printf '%s\\0' "$word"; done`;
        expect(execFileSync("sh", ["-c", script], { encoding: "utf8" }).split("\0").slice(0, -1)).toEqual(words);
      }),
      { numRuns: 60 },
    );
  });
});

describe("systemdWords", () => {
  test.each([
    [["a", "--b", "c.ts:d"], "a --b c.ts:d"],
    [['app:make("x", 2)'], String.raw`"app:make(\"x\", 2)"`],
    [["100%", "$HOME", String.raw`a\b`], String.raw`100%% $$HOME "a\\b"`],
  ])("writes %j as systemd reads it", (words, text) => {
    expect(systemdWords(words)).toBe(text);
  });
});

describe("yamlText", () => {
  test.each([
    ["shop", "shop"],
    ["no", '"no"'],
    ["true", '"true"'],
    ["exec tsgi app.ts", '"exec tsgi app.ts"'],
    ["8000", '"8000"'],
  ])("writes %j as %s", (text, scalar) => {
    expect(yamlText(text)).toBe(scalar);
  });
});
