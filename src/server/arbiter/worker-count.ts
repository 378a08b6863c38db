// How many workers to start and which to end. Start before stop: a worker leaves only when another one serves in its place.
import type { WorkerPhase } from "../metrics/arbiter-snapshot.ts";

/** What the plan needs to know of a worker. */
export interface CountedWorker {
  /** Younger workers have higher numbers. */
  readonly id: number;
  readonly phase: WorkerPhase;
  /** It asked for a successor, or was told to leave once it has one. */
  readonly isRetiring: boolean;
  /** Python processes that it was started with. */
  readonly processes: number;
}

/** What to do next. */
export interface CountPlan {
  /** Workers to start, each with so many Python processes. */
  readonly spawn: readonly number[];
  /** Numbers of the workers to drain now. */
  readonly drain: readonly number[];
}

/**
 * Compares what is there with what is wanted.
 *
 * @param workers - of the generation that serves
 * @param wanted - workers that should serve, by their numbers of Python processes
 */
export function planWorkers(workers: readonly CountedWorker[], wanted: readonly number[]): CountPlan {
  const coming = workers.filter(({ phase }) => phase === "booting" || phase === "ready");
  const serving = workers.filter(({ phase }) => phase === "serving");
  const staying = serving.filter(({ isRetiring }) => !isRetiring);
  const spawn = [...wanted];
  const fitting = new Set<CountedWorker>();
  // The youngest stay.
  for (const worker of [...staying, ...coming].toSorted((a, b) => b.id - a.id)) {
    const place = spawn.indexOf(worker.processes);
    if (place === -1) continue;
    spawn.splice(place, 1);
    fitting.add(worker);
  }
  // The retiring go first, then those of another size, then the oldest; nobody goes while that would leave fewer than wanted.
  const rank = (worker: CountedWorker): number => (worker.isRetiring ? 0 : fitting.has(worker) ? 2 : 1);
  const leavers = serving.toSorted((a, b) => rank(a) - rank(b) || a.id - b.id);
  return { spawn, drain: leavers.slice(0, Math.max(0, serving.length - wanted.length)).map(({ id }) => id) };
}
