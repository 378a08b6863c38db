import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { WorkerPhase } from "../arbiter-control.ts";
import { type CountedWorker, planWorkers } from "./worker-count.ts";

function worker(id: number, phase: WorkerPhase, isRetiring = false): CountedWorker {
  return { id, phase, isRetiring };
}

describe("planWorkers", () => {
  test.each([
    ["starts what is missing", [], 2, { spawn: 2, drain: [] }],
    ["waits for those that boot", [worker(1, "booting"), worker(2, "ready")], 2, { spawn: 0, drain: [] }],
    ["starts a successor before one leaves", [worker(1, "serving", true)], 1, { spawn: 1, drain: [] }],
    ["lets it boot", [worker(1, "serving", true), worker(2, "ready")], 1, { spawn: 0, drain: [] }],
    [
      "drains it when the successor serves",
      [worker(1, "serving", true), worker(2, "serving")],
      1,
      { spawn: 0, drain: [1] },
    ],
    [
      "drains the oldest when there are too many",
      [worker(3, "serving"), worker(2, "serving")],
      1,
      { spawn: 0, drain: [2] },
    ],
    [
      "drains a retiring one before an older one",
      [worker(1, "serving"), worker(2, "serving", true)],
      1,
      { spawn: 0, drain: [2] },
    ],
    ["does not count those that leave", [worker(1, "draining"), worker(2, "dead")], 1, { spawn: 1, drain: [] }],
    ["empties the server", [worker(1, "serving"), worker(2, "serving")], 0, { spawn: 0, drain: [1, 2] }],
  ] as const)("%s", (_, workers, wanted, plan) => {
    expect(planWorkers(workers, wanted)).toEqual(plan);
  });

  test("never leaves fewer serving than wanted, and reaches the number", () => {
    const phases = fc.constantFrom<WorkerPhase>("booting", "ready", "serving", "draining", "dead");
    const pool = fc.array(fc.record({ phase: phases, isRetiring: fc.boolean() }), { maxLength: 12 });
    fc.assert(
      fc.property(pool, fc.nat(6), (list, wanted) => {
        const workers = list.map((each, index) => ({ ...each, id: index + 1 }));
        const { spawn, drain } = planWorkers(workers, wanted);
        const serving = workers.filter(({ phase }) => phase === "serving");
        const coming = workers.filter(({ phase }) => phase === "booting" || phase === "ready").length;
        const staying = serving.filter(({ isRetiring }) => !isRetiring).length;
        expect(serving.length - drain.length).toBeGreaterThanOrEqual(Math.min(wanted, serving.length));
        expect(staying + coming + spawn).toBeGreaterThanOrEqual(wanted);
      }),
    );
  });
});
