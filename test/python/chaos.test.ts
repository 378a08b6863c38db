// Everything at once, for half a minute; `npm run soak` does it for an hour.
import { expect, test } from "vitest";
import { chaos } from "../soak/chaos.ts";

test("under a load of every kind, kills, reloads and scaling fail nothing but what a killed process had in hand", async () => {
  const { answers, unexplained, exitCode, ends } = await chaos(1, 8);
  expect(unexplained).toEqual([]);
  expect(ends).toEqual([]);
  expect(answers).toBeGreaterThan(500);
  expect(exitCode).toBe(0);
});
