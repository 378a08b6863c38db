import fc from "fast-check";
import { expect, it } from "vitest";

import { linearExpression } from "./linear-expression.ts";

const character = fc.constantFrom(
  "a",
  "b",
  "-",
  "/",
  ".",
  String.raw`\w`,
  String.raw`\d`,
  String.raw`\x61`,
  "[ab]",
  "[^/.]",
  "[^/]",
  "[\\]a(]",
  "é",
);
const assertion = fc.constantFrom("$", "^", String.raw`\b`, "(?=a)", "(?!(?:a|-)b)", "(?<=b)", "(?<!a)");
const quantifier = fc.constantFrom("*", "+", "?", "{2}", "{1,2}", "{0,2}", "{1,}", "*?", "+?", "??", "{0,2}?");

/** Expressions without groups that have numbers. */
const plain = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    character,
    assertion,
    fc.array(tie("node"), { maxLength: 3 }).map((nodes) => nodes.join("")),
    fc.array(tie("node"), { minLength: 1, maxLength: 3 }).map((nodes) => `(?:${nodes.join("|")})`),
    fc.tuple(tie("node"), quantifier).map(([node, times]) => `(?:${node})${times}`),
    fc.tuple(character, quantifier).map(([node, times]) => `${node}${times}`),
  ),
})).node;

const piece = fc.oneof(plain, fc.constantFrom("[^/^.]+", "[^/]+", ".+", String.raw`\d*\.?\d+`, "(?:a|ab)", "a*"));
const part = fc.oneof(
  fc.constantFrom("a", "b", "-", "/"),
  piece.map((source) => `(${source})`),
);
const path = fc
  .array(
    fc.oneof(
      part,
      fc.array(part, { maxLength: 3 }).map((parts) => `(?:${parts.join("")})?`),
    ),
    { maxLength: 5 },
  )
  .map((parts) => parts.join(""));
const text = fc.string({ unit: fc.constantFrom("a", "b", "-", "/", ".", "1", "é"), maxLength: 10 });

it("linearExpression finds what RegExp finds", () => {
  fc.assert(
    fc.property(path, fc.array(text, { minLength: 1, maxLength: 8 }), fc.boolean(), (source, texts, isOpen) => {
      const match = linearExpression(source, isOpen);
      const regex = new RegExp(`^(?:${source})${isOpen ? "" : "$"}`, "s");
      for (const each of texts) expect([...(match(each) ?? [])]).toEqual([...(regex.exec(each) ?? [])]);
    }),
    { numRuns: 500 },
  );
});

it.each([
  ["((?:(?:a)*?)*)", "aa"],
  ["((?:a*|b)*)", "aabab"],
])("linearExpression finds what RegExp finds in turns that may be empty: %j", (source, subject) => {
  expect(linearExpression(source, true)(subject)).toEqual([...(new RegExp(`^${source}`, "s").exec(subject) ?? [])]);
});

it.each([String.raw`(a)\1`, "(?<name>a)", String.raw`\k`, "(", "a**"])("linearExpression refuses %j", (source) => {
  expect(() => linearExpression(source, false)).toThrow(SyntaxError);
});
