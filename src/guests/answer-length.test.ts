import { expect, it } from "vitest";
import { AnswerLength } from "./answer-length.ts";

it.each<[announced: number, chunks: number[], kept: number[], problem: RegExp | null]>([
  [-1, [3, 4], [3, 4], null],
  [7, [3, 4], [3, 4], null],
  [0, [], [], null],
  [5, [3, 4], [3, 2], /5 announced, 7 given/],
  [5, [3, 2, 4], [3, 2, 0], /5 announced, 9 given/],
  [5, [3], [3], /5 announced, 3 given/],
])("AnswerLength holds a body to %j: of chunks of %j bytes it keeps %j", (announced, chunks, kept, problem) => {
  const length = new AnswerLength(announced);
  expect(chunks.map((bytes) => length.take(new Uint8Array(bytes)).length)).toEqual(kept);
  expect(length.problem()?.message ?? "none").toMatch(problem ?? /^none$/);
});
