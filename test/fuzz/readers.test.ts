// Damaged messages for the readers of all protocols between servers: nothing but their own errors comes out, and any split of the same bytes
// gives the same. TSGI_FUZZ_ROUNDS=1000000 does it as often, TSGI_FUZZ_SEED=1 with other bytes; a failure says which round it was.
import { expect, test } from "vitest";

import { seeded } from "../seeded.ts";
import { Mutator } from "./mutated.ts";
import { READERS } from "./readers.ts";

const ROUNDS = Number(process.env["TSGI_FUZZ_ROUNDS"] ?? 3000);
const SEED = Number(process.env["TSGI_FUZZ_SEED"] ?? 20_261_130);
const HOUR = 3_600_000;

test.each(Object.entries(READERS))(
  "%s: any bytes, in any pieces",
  (name, reader) => {
    const mutator = new Mutator(seeded(SEED), reader.seeds, reader.words);
    for (let round = 0; round < ROUNDS; round += 1) {
      const bytes = mutator.message();
      const pieces = mutator.pieces(bytes);
      const text = bytes.toString("latin1");
      let outcomes: string[] = [];
      try {
        outcomes = [reader.read([bytes]), reader.read(pieces)];
      } catch (error) {
        throw new Error(`Round ${round} of ${name}: ${JSON.stringify(text)}`, { cause: error });
      }
      if (outcomes[0] === outcomes[1]) continue;
      const sizes = pieces.map(({ length }) => length);
      expect(outcomes[1], `round ${round}, ${JSON.stringify(text)} in ${sizes.join(" ")}`).toBe(outcomes[0]);
    }
    expect(reader.read([Buffer.from(reader.seeds[0] ?? "", "latin1")])).not.toContain("ERR_");
  },
  HOUR,
);
