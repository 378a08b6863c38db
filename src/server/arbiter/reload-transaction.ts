// One reload: the new workers that it has started, and how far it has come. The rules are in reload-state.ts.
import type { ArbiterOptions } from "../settings/arbiter-options.ts";
import type { Listener } from "../sockets/listeners.ts";
import { nextReloadState, RELOAD_BEGIN, type ReloadEvent, type ReloadPlan, type ReloadState } from "./reload-state.ts";
import type { WorkerHandle } from "./worker-handle.ts";

/** What a reload does to the arbiter. */
export interface ReloadEffects {
  /** Starts a worker of the new generation, which waits before it serves. */
  start(): WorkerHandle;
  /** The new generation serves from now on. */
  commit(transaction: ReloadTransaction): void;
  /** The old generation goes on. */
  abort(transaction: ReloadTransaction, reason: string, detail: string): void;
}

/** A reload that is under way. */
export class ReloadTransaction {
  readonly options: ArbiterOptions;
  readonly listeners: readonly Listener[];
  readonly generation: number;
  readonly workers = new Set<WorkerHandle>();
  readonly startedAt: number;
  readonly #plan: ReloadPlan;
  readonly #effects: ReloadEffects;
  #state: ReloadState = RELOAD_BEGIN;
  #detail = "";

  constructor(
    what: { options: ArbiterOptions; listeners: readonly Listener[]; generation: number; workers: number },
    effects: ReloadEffects,
    now: number,
  ) {
    this.options = what.options;
    this.listeners = what.listeners;
    this.generation = what.generation;
    this.startedAt = now;
    this.#plan = { workers: what.workers, stableSeconds: what.options.stableSeconds };
    this.#effects = effects;
  }

  /** Starts the canary. */
  begin(): void {
    this.workers.add(this.#effects.start());
  }

  ready(now: number): void {
    this.#advance({ type: "worker-ready" }, now);
  }

  /** @param detail - more lines for a person */
  lost(reason: string, detail: string, now: number): void {
    this.#detail = detail;
    this.#advance({ type: "worker-lost", reason }, now);
  }

  cancel(reason: string, now: number): void {
    this.#advance({ type: "cancelled", reason }, now);
  }

  tick(now: number): void {
    this.#advance({ type: "tick" }, now);
  }

  #advance(event: ReloadEvent, now: number): void {
    const before = this.#state;
    const state = nextReloadState(before, event, this.#plan, now);
    this.#state = state;
    if (state.step === before.step) return;
    if (state.step === "filling")
      while (this.workers.size < this.#plan.workers) this.workers.add(this.#effects.start());
    else if (state.step === "committed") this.#effects.commit(this);
    else if (state.step === "aborted") this.#effects.abort(this, state.reason, this.#detail);
  }
}
