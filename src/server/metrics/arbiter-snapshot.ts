// What can be told of the server at a moment: what metrics and status pages are made of.
import type { WorkerStats } from "./worker-stats.ts";

/** Where a worker is in its life. */
export type WorkerPhase = "booting" | "ready" | "serving" | "draining" | "dead";

/** Why workers ended, for counting restarts. */
export type WorkerEndReason =
  | "reload"
  | "max-requests"
  | "age"
  | "memory"
  | "signal"
  | "scaled-down"
  | "stop"
  | "crash"
  | "killed"
  | "blocked"
  | "boot-failed"
  | "boot-timeout";

/** One worker, as the arbiter knows it. */
export interface WorkerSnapshot {
  readonly pid: number;
  /** Counted from 1 over the life of the server. */
  readonly id: number;
  /** Which reload it belongs to; the first generation is 1. */
  readonly generation: number;
  readonly phase: WorkerPhase;
  readonly bootSeconds: number | null;
  readonly ageSeconds: number;
  /** Time since its last sign of life. */
  readonly silentSeconds: number;
  /** As of its last heartbeat; null before the first one. */
  readonly stats: WorkerStats | null;
}

/** The server at a moment. */
export interface ArbiterSnapshot {
  readonly pid: number;
  readonly version: string;
  readonly target: string;
  readonly generation: number;
  readonly startedAt: Date;
  readonly uptimeSeconds: number;
  /** True when requests are served and no stop has begun. */
  readonly isReady: boolean;
  readonly isStopping: boolean;
  readonly isReloading: boolean;
  readonly wantedWorkers: number;
  readonly listeners: readonly string[];
  readonly workers: readonly WorkerSnapshot[];
  /** Messages that the arbiter has logged, by level, as in the counts of a worker. */
  readonly logged: readonly number[];
  /** The last counts of workers that have ended. */
  readonly endedStats: readonly WorkerStats[];
  readonly restarts: Readonly<Partial<Record<WorkerEndReason, number>>>;
  readonly lastReload: ReloadOutcome | null;
}

/** How a reload ended. */
export type ReloadOutcome =
  | { readonly isDone: true; readonly generation: number; readonly seconds: number }
  | { readonly isDone: false; readonly reason: string; readonly detail: string };
