// Chaos for a long time.
import { expect, test } from "vitest";
import { seeded } from "../seeded.ts";
import { chaos, DEEDS } from "./chaos.ts";
import { report, rounds } from "./scale.ts";

test.each([1, 2, 3])(
  "whatever happens to it, a server fails nothing but what a killed process had in hand, seed %i",
  async (seed) => {
    const random = seeded(seed);
    const deeds = Array.from({ length: rounds(200) }, () => DEEDS[Math.floor(random() * DEEDS.length)] ?? "reload");
    const { answers, unexplained, explained, complaints, exitCode } = await chaos(random, deeds);
    report(`${deeds.length} deeds, ${answers} right answers, ${explained} failures in the hands of what was killed`);
    expect(unexplained).toEqual([]);
    expect(complaints).toEqual([]);
    expect(exitCode).toBe(0);
  },
);
