import { expect, test } from "vitest";
import { addGuestStats, type GuestStats } from "./guest-stats.ts";

function stats(factor: number): GuestStats {
  return {
    queued: factor,
    running: 2 * factor,
    answered: 3 * factor,
    refused: 4 * factor,
    restarts: 5 * factor,
    replacements: 6 * factor,
    estimateMilliseconds: factor,
    batchDepth: 64 / factor,
    processes: [{ pid: factor, state: "ready", running: 0, answered: 0, residentBytes: 0 }],
  };
}

test("addGuestStats adds what can be added, and of the rest takes the larger", () => {
  expect(addGuestStats(stats(1), stats(2))).toEqual({
    ...stats(3),
    estimateMilliseconds: 2,
    batchDepth: 64,
    processes: [...stats(1).processes, ...stats(2).processes],
  });
});

test("addGuestStats takes what there is where one has none", () => {
  expect([addGuestStats(null, stats(1)), addGuestStats(stats(1), null), addGuestStats(null, null)]).toEqual([
    stats(1),
    stats(1),
    null,
  ]);
});
