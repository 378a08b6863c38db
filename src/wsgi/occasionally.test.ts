import { expect, test } from "vitest";
import { occasionally } from "./occasionally.ts";

test("occasionally says yes once a minute", () => {
  let now = 5;
  const mayWarn = occasionally(() => now);
  expect([mayWarn(), mayWarn()]).toEqual([true, false]);
  now = 60_004;
  expect(mayWarn()).toBe(false);
  now = 60_005;
  expect([mayWarn(), mayWarn()]).toEqual([true, false]);
});

test("occasionally goes by the process's own clock unless told otherwise", () => {
  const mayWarn = occasionally();
  expect([mayWarn(), mayWarn()]).toEqual([true, false]);
});
