import { describe, expect, test } from "vitest";
import { LineSplitter } from "./line-splitter.ts";

function split(pieces: readonly string[]): string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  for (const piece of pieces) splitter.push(piece);
  splitter.end();
  return lines;
}

describe("LineSplitter", () => {
  test.each([
    { pieces: ["one\ntwo\n"], lines: ["one", "two"] },
    { pieces: ["on", "e\n\ntw", "o"], lines: ["one", "", "two"] },
    { pieces: ["\r10 %\r20 %", "\r100 %\n"], lines: ["10 %", "20 %", "100 %"] },
    { pieces: ["one\r\ntwo\r", "\nthree\r", "four"], lines: ["one", "two", "three", "four"] },
    { pieces: ["one\r\n\r\n"], lines: ["one"] },
    { pieces: [""], lines: [] },
  ])("$pieces", ({ pieces, lines }) => expect(split(pieces)).toEqual(lines));

  test("cuts a line that does not end, and loses nothing of it", () => {
    const lines = split([`${"a".repeat(100_000)}b`, "c\nd"]);
    expect(lines.map(({ length }) => length)).toEqual([65_536, 34_466, 1]);
    expect(lines.join("")).toBe(`${"a".repeat(100_000)}bcd`);
  });

  test("looks at each piece once: many pieces without an end of line take no longer than as many with one", () => {
    const time = (piece: string): number => {
      const begin = performance.now();
      const splitter = new LineSplitter(() => {});
      for (let count = 0; count < 300_000; count += 1) splitter.push(piece);
      return performance.now() - begin;
    };
    time("......\n");
    // Concatenated and split again each time, it was a thousand times as long.
    expect(time(".......")).toBeLessThan(20 * time("......\n") + 100);
  });
});
