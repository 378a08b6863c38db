// How many workers to start and which to end. Start before stop: a worker leaves only when another one serves in its place.
import type { WorkerPhase } from "../arbiter-control.ts";

/** What the plan needs to know of a worker. */
export interface CountedWorker {
  /** Younger workers have higher numbers. */
  readonly id: number;
  readonly phase: WorkerPhase;
  /** It asked for a successor, or was told to leave once it has one. */
  readonly isRetiring: boolean;
}

/** What to do next. */
export interface CountPlan {
  /** Workers to start. */
  readonly spawn: number;
  /** Numbers of the workers to drain now. */
  readonly drain: readonly number[];
}

/**
 * Compares what is there with what is wanted.
 *
 * @param workers - of the generation that serves
 * @param wanted - number of workers that should serve
 */
export function planWorkers(workers: readonly CountedWorker[], wanted: number): CountPlan {
  const coming = workers.filter(({ phase }) => phase === "booting" || phase === "ready");
  const serving = workers.filter(({ phase }) => phase === "serving");
  const staying = serving.filter(({ isRetiring }) => !isRetiring);
  const spawn = Math.max(0, wanted - staying.length - coming.length);
  // The retiring go first, then the oldest; nobody goes while that would leave fewer than wanted.
  const leavers = [...serving.filter(({ isRetiring }) => isRetiring), ...staying].toSorted(
    (a, b) => Number(b.isRetiring) - Number(a.isRetiring) || a.id - b.id,
  );
  return { spawn, drain: leavers.slice(0, Math.max(0, serving.length - wanted)).map(({ id }) => id) };
}
