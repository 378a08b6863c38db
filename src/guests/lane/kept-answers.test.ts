import { expect, test } from "vitest";
import { FrameFlag, FrameType, frameText } from "../../protocols/lane/frame.ts";
import { keptAnswers } from "./kept-answers.ts";

function whole(id: number, body: string): string {
  return frameText(FrameType.response, id, "200 OK", body, FrameFlag.end, 200);
}

function kept(text: string): Record<number, string> {
  return Object.fromEntries([...keptAnswers(Buffer.from(text, "latin1"))].map(([id, { body }]) => [id, String(body)]));
}

test("keptAnswers finds each whole answer by its request", () => {
  expect(kept(whole(7, "a") + whole(8, ""))).toEqual({ 7: "a", 8: "" });
  expect(kept("")).toEqual({});
});

test("keptAnswers leaves out answers that go on in other frames, and other frames", () => {
  const begun = frameText(FrameType.response, 9, "200 OK", "part", 0, 200);
  expect(kept(begun + frameText(FrameType.log, 9, "", "text") + whole(10, "b"))).toEqual({ 10: "b" });
});

test.each([
  ["in the head of the second", 20],
  ["in the body of the second", 3],
])("keptAnswers gives what was written before the process ended %s", (_, missing) => {
  const text = whole(7, "first") + whole(8, "never written to its end");
  expect(kept(text.slice(0, -missing))).toEqual({ 7: "first" });
});

test("keptAnswers gives what stands before nonsense", () => {
  expect(kept(whole(7, "a") + "\xff".repeat(64))).toEqual({ 7: "a" });
});
