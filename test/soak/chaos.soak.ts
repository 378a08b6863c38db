// Chaos for a long time.
import { expect, test } from "vitest";
import { chaos } from "./chaos.ts";
import { report, rounds } from "./scale.ts";

test.each([1, 2, 3])(
  "whatever happens to it, a server fails nothing but what a killed process had in hand, seed %i",
  async (seed) => {
    const { answers, unexplained, explained, deeds, exitCode, ends } = await chaos(seed, rounds(200));
    report(`${deeds.length} deeds, ${answers} right answers, ${explained} failures in the hands of what was killed`);
    expect(unexplained).toEqual([]);
    expect(ends).toEqual([]);
    expect(exitCode).toBe(0);
  },
);
