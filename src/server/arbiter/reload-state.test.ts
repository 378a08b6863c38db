import { describe, expect, test } from "vitest";
import { nextReloadState, RELOAD_BEGIN, type ReloadEvent, type ReloadState } from "./reload-state.ts";

const READY: ReloadEvent = { type: "worker-ready" };
const TICK: ReloadEvent = { type: "tick" };

function run(events: readonly (readonly [ReloadEvent, number])[], workers: number, stableSeconds: number): ReloadState {
  return events.reduce<ReloadState>(
    (state, [event, now]) => nextReloadState(state, event, { workers, stableSeconds }, now),
    RELOAD_BEGIN,
  );
}

describe("nextReloadState", () => {
  test.each([
    ["commits one worker at once", [[READY, 1]], 1, 0, { step: "committed" }],
    ["waits for the other workers", [[READY, 1]], 3, 0, { step: "filling", ready: 1 }],
    [
      "commits with the last of them",
      [
        [READY, 1],
        [READY, 2],
        [READY, 2],
      ],
      3,
      0,
      { step: "committed" },
    ],
    [
      "holds the canary back",
      [
        [READY, 1],
        [TICK, 5],
      ],
      1,
      5,
      { step: "stable", since: 1 },
    ],
    [
      "goes on when it was stable",
      [
        [READY, 1],
        [TICK, 6],
      ],
      1,
      5,
      { step: "committed" },
    ],
    ["stays while it loads", [[TICK, 99]], 1, 0, { step: "loading" }],
  ] as const)("%s", (_, events, workers, stableSeconds, state) => {
    expect(run(events, workers, stableSeconds)).toEqual(state);
  });

  test.each([
    ["loading", []],
    ["stable", [[READY, 1]]],
    [
      "filling",
      [
        [READY, 1],
        [TICK, 9],
      ],
    ],
  ] as const)("aborts when a worker is lost while %s, and nothing changes that", (_, events) => {
    const lost = [{ type: "worker-lost", reason: "why" } as const, 10] as const;
    const aborted = { step: "aborted", reason: "why" };
    expect(run([...events, lost], 2, 5)).toEqual(aborted);
    expect(run([...events, lost, [READY, 11], [TICK, 99]], 2, 5)).toEqual(aborted);
  });

  test("keeps what was committed", () => {
    expect(
      run(
        [
          [READY, 1],
          [{ type: "cancelled", reason: "late" }, 2],
        ],
        1,
        0,
      ),
    ).toEqual({ step: "committed" });
  });
});
