// Everything at once, for a quarter of a minute; `npm run soak` does it for an hour.
import { expect, test } from "vitest";
import { seeded } from "../seeded.ts";
import { chaos, type Deed } from "../soak/chaos.ts";

const SOME: readonly Deed[] = [
  "kill an interpreter",
  "fill the disk",
  "reload",
  "kill a worker",
  "ask for too much memory",
  "take an upgrade back",
];

test("under a load of every kind, kills, reloads and upgrades fail nothing but what a killed process had in hand", async () => {
  const { answers, unexplained, exitCode, complaints } = await chaos(seeded(1), SOME);
  expect(unexplained).toEqual([]);
  expect(complaints).toEqual([]);
  expect(answers).toBeGreaterThan(300);
  expect(exitCode).toBe(0);
});
