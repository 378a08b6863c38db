import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { WorkerPhase } from "../metrics/arbiter-snapshot.ts";
import { type CountedWorker, planWorkers } from "./worker-count.ts";

function worker(id: number, phase: WorkerPhase, isRetiring = false, processes = 1): CountedWorker {
  return { id, phase, isRetiring, processes };
}

describe("planWorkers", () => {
  test.each([
    ["starts what is missing", [], [1, 1], { spawn: [1, 1], drain: [] }],
    ["waits for those that boot", [worker(1, "booting"), worker(2, "ready")], [1, 1], { spawn: [], drain: [] }],
    ["starts a successor before one leaves", [worker(1, "serving", true)], [1], { spawn: [1], drain: [] }],
    ["lets it boot", [worker(1, "serving", true), worker(2, "ready")], [1], { spawn: [], drain: [] }],
    [
      "drains it when the successor serves",
      [worker(1, "serving", true), worker(2, "serving")],
      [1],
      { spawn: [], drain: [1] },
    ],
    [
      "drains the oldest when there are too many",
      [worker(3, "serving"), worker(2, "serving")],
      [1],
      { spawn: [], drain: [2] },
    ],
    [
      "drains a retiring one before an older one",
      [worker(1, "serving"), worker(2, "serving", true)],
      [1],
      { spawn: [], drain: [2] },
    ],
    ["does not count those that leave", [worker(1, "draining"), worker(2, "dead")], [1], { spawn: [1], drain: [] }],
    ["empties the server", [worker(1, "serving"), worker(2, "serving")], [], { spawn: [], drain: [1, 2] }],
    [
      "starts one of the size that is wanted before another leaves",
      [worker(1, "serving", false, 4)],
      [5],
      { spawn: [5], drain: [] },
    ],
    [
      "drains the one of another size, though it is younger",
      [worker(1, "serving", false, 5), worker(2, "serving", false, 4)],
      [5],
      { spawn: [], drain: [2] },
    ],
  ] as const)("%s", (_, workers, wanted, plan) => {
    expect(planWorkers(workers, wanted)).toEqual(plan);
  });

  test("never leaves fewer serving than wanted, and reaches the number", () => {
    const phases = fc.constantFrom<WorkerPhase>("booting", "ready", "serving", "draining", "dead");
    const pool = fc.array(
      fc.record({ phase: phases, isRetiring: fc.boolean(), processes: fc.integer({ min: 1, max: 3 }) }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(pool, fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 6 }), (list, sizes) => {
        const wanted = sizes.length;
        const workers = list.map((each, index) => ({ ...each, id: index + 1 }));
        const { spawn, drain } = planWorkers(workers, sizes);
        const serving = workers.filter(({ phase }) => phase === "serving");
        const coming = workers.filter(({ phase }) => phase === "booting" || phase === "ready").length;
        const staying = serving.filter(({ isRetiring }) => !isRetiring).length;
        expect(serving.length - drain.length).toBeGreaterThanOrEqual(Math.min(wanted, serving.length));
        expect(staying + coming + spawn.length).toBeGreaterThanOrEqual(wanted);
      }),
    );
  });
});
