// The numbers of workers: what those that have ended had counted, why they ended, and fresh counts of those that run.
import type { WorkerEndReason } from "../metrics/arbiter-snapshot.ts";
import { mergeStats, withoutGauges } from "../metrics/merge-stats.ts";
import type { WorkerStats } from "../metrics/worker-stats.ts";
import type { WorkerHandle } from "./worker-handle.ts";
import { type ArbiterState, now } from "./arbiter-state.ts";

/** Dead workers whose counts are kept one by one. */
const MAX_ENDED_STATS = 16;

/** Keeps count of workers. */
export class WorkerLedger {
  readonly #state: ArbiterState;
  readonly #restarts: Partial<Record<WorkerEndReason, number>> = {};
  #endedStats: WorkerStats[] = [];
  #waiting: (() => void)[] = [];

  constructor(state: ArbiterState) {
    this.#state = state;
  }

  /** The last counts of workers that have ended. */
  get endedStats(): readonly WorkerStats[] {
    return this.#endedStats;
  }

  /** Workers that have ended, by reason. */
  get restarts(): Readonly<Partial<Record<WorkerEndReason, number>>> {
    return this.#restarts;
  }

  /** Takes in the counts that a worker has sent. */
  heard(worker: WorkerHandle, stats: WorkerStats): void {
    worker.stats = stats;
    this.#tell();
  }

  /** Takes in the end of a worker. Its counts stay; those of many are added up, so that a server that recycles for months keeps no list. */
  ended({ stats }: WorkerHandle, reason: WorkerEndReason): void {
    this.#restarts[reason] = (this.#restarts[reason] ?? 0) + 1;
    if (stats !== null) this.#endedStats.push(withoutGauges(stats));
    if (this.#endedStats.length >= MAX_ENDED_STATS) this.#endedStats = [mergeStats(this.#endedStats)];
    this.#tell();
  }

  /** Asks all workers for fresh counts and waits for them, at most `maxSeconds`. */
  async refresh(maxSeconds: number): Promise<void> {
    const asked = [...this.#state.workers].filter(({ phase }) => phase === "serving" || phase === "draining");
    if (asked.length === 0) return;
    const begun = now();
    for (const worker of asked) worker.send({ type: "snapshot" });
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, maxSeconds * 1000);
      const check = (): void => {
        if (asked.some((worker) => worker.phase !== "dead" && worker.lastSeen < begun)) {
          this.#waiting.push(check);
          return;
        }
        clearTimeout(timer);
        resolve();
      };
      check();
    });
  }

  #tell(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const check of waiting) check();
  }
}
