// Suggestions for mistyped names.
import { expect, test } from "vitest";
import { nearestName, suggestion } from "./nearest-name.ts";

test.each<[name: string, candidates: string[], nearest: string | undefined]>([
  ["auht", ["auth", "cache"], "auth"],
  ["pipline", ["pipeline", "filter"], "pipeline"],
  ["MAIN", ["main"], "main"],
  ["x", ["database"], undefined],
  ["sesion", ["session", "version"], "session"],
  ["same", ["same"], undefined],
])("nearestName(%j) among %j is %j", (name, candidates, nearest) => {
  expect(nearestName(name, candidates)).toBe(nearest);
});

test("suggestion lists few candidates when none is near, and says nothing when there are many", () => {
  expect(suggestion("zzz", ["a", "bb"])).toBe('; expected one of "a", "bb"');
  expect(
    suggestion(
      "zzz",
      Array.from({ length: 30 }, (_, index) => `candidate-${index}`),
    ),
  ).toBe("");
  expect(suggestion("auht", ["auth"])).toBe('; did you mean "auth"');
});
