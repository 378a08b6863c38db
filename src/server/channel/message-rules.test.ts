import { describe, expect, test } from "vitest";
import type { WorkerPhase } from "../metrics/arbiter-snapshot.ts";
import { isArbiterMessage, isWorkerMessage } from "./message-rules.ts";
import { emptyWorkerStats } from "../metrics/worker-stats.ts";

const PID = 42;
const PHASES: readonly WorkerPhase[] = ["booting", "ready", "serving", "draining", "dead"];
const ready = { type: "ready", pid: PID, bootSeconds: 0.1, files: ["a.py"] };
const bootFailed = { type: "boot-failed", stage: "app", message: "m", detail: "", exitCode: 3, code: "" };
const inHand = { ageSeconds: 1, method: "GET", path: "/", state: "working", python: null, requestId: "a" };
const listed = { type: "requests", requests: [inHand], leftOut: 0 };
const pythonStats = {
  queued: 0,
  running: 0,
  answered: 0,
  refused: 0,
  restarts: 0,
  replacements: 0,
  estimateMilliseconds: 1,
  batchDepth: 1,
  processes: [{ pid: 7, state: "ready", running: 0, answered: 0, residentBytes: 0 }],
};
const timedOut = { type: "timed-out", method: "GET", path: "/", requestId: "", elapsedSeconds: 3 };

describe("isWorkerMessage takes each message in its phases only", () => {
  test.each<[message: { type: string }, phases: readonly WorkerPhase[]]>([
    [ready, ["booting"]],
    [{ type: "serving" }, ["ready"]],
    [bootFailed, ["booting", "ready"]],
    [{ type: "heartbeat", stats: emptyWorkerStats(1) } as { type: string }, ["ready", "serving", "draining"]],
    [{ type: "retire", reason: "age" } as { type: string }, ["ready", "serving"]],
    [{ type: "listeners-closed" }, ["draining"]],
    [{ type: "ending" }, ["draining"]],
    [{ type: "drained" }, ["draining"]],
    [timedOut, ["serving", "draining"]],
    [listed, ["serving", "draining"]],
    [
      { type: "heartbeat", stats: { ...emptyWorkerStats(1), python: pythonStats } } as { type: string },
      ["ready", "serving", "draining"],
    ],
    [{ type: "released", count: 2 } as { type: string }, ["serving", "draining"]],
  ])("%o", (message, phases) => {
    expect(PHASES.filter((phase) => isWorkerMessage(message, phase, PID))).toEqual(phases);
  });
});

describe("isWorkerMessage ignores what has another shape", () => {
  const stats = emptyWorkerStats(1);
  test.each<[message: unknown, phase: WorkerPhase]>([
    ["ready", "booting"],
    [null, "booting"],
    [{ type: "ready" }, "booting"],
    [{ ...ready, pid: PID + 1 }, "booting"],
    [{ ...ready, files: null }, "booting"],
    [{ ...ready, bootSeconds: Number.NaN }, "booting"],
    [{ ...bootFailed, exitCode: "3" }, "booting"],
    [{ ...bootFailed, stage: "later" }, "booting"],
    [{ type: "heartbeat" }, "serving"],
    [{ type: "heartbeat", stats: {} }, "serving"],
    [{ type: "heartbeat", stats: { ...stats, statusClasses: [1] } }, "serving"],
    [{ type: "heartbeat", stats: { ...stats, rssBytes: -1 } }, "serving"],
    [{ type: "heartbeat", stats: { ...stats, statuses: [[1000, 1]] } }, "serving"],
    [{ type: "heartbeat", stats: { ...stats, statuses: [[200]] } }, "serving"],
    [{ type: "heartbeat", stats: { ...stats, python: undefined } }, "serving"],
    [{ type: "heartbeat", stats: { ...stats, python: { ...pythonStats, restarts: "1" } } }, "serving"],
    [{ type: "heartbeat", stats: { ...stats, python: { ...pythonStats, processes: [{ pid: 7 }] } } }, "serving"],
    [{ ...listed, leftOut: -1 }, "serving"],
    [{ ...listed, requests: [{ ...inHand, path: "a".repeat(501) }] }, "serving"],
    [{ ...listed, requests: [{ ...inHand, state: "asleep" }] }, "serving"],
    [{ ...listed, requests: Array.from({ length: 101 }, () => inHand) }, "serving"],
    [{ type: "retire", reason: "boredom" }, "serving"],
    [{ type: "released", count: -1 }, "serving"],
    [{ type: "released", count: 0.5 }, "serving"],
    [{ type: "constructor" }, "serving"],
    [{ type: "__proto__" }, "serving"],
    [{ type: "drain" }, "serving"],
  ])("%o", (message, phase) => {
    expect(isWorkerMessage(message, phase, PID)).toBe(false);
  });
});

test.each<[message: unknown, isTaken: boolean]>([
  [{ type: "serve" }, true],
  [{ type: "drain", gracefulSeconds: 30, idleSeconds: 2, isQueueKept: true }, true],
  [{ type: "drain" }, false],
  [{ type: "drain", gracefulSeconds: null, idleSeconds: 2, isQueueKept: true }, false],
  [{ type: "seal", isLast: true, kept: [] }, true],
  [{ type: "seal", isLast: true, kept: [1] }, false],
  [{ type: "list-requests" }, true],
  [{ type: "toString" }, false],
  [{ type: "ready" }, false],
  [undefined, false],
])("isArbiterMessage(%o) is %s", (message, isTaken) => {
  expect(isArbiterMessage(message)).toBe(isTaken);
});
