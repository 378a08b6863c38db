// Reloads, one after another: reads the configuration, prepares, starts new workers, and lets them take the place of the old ones or
// not. The steps of a reload are in reload-transaction.ts.
import type { ReloadRequest } from "../control/arbiter-control.ts";
import type { ReloadOutcome } from "../metrics/arbiter-snapshot.ts";
import { callHook } from "../settings/call-hook.ts";
import { detailOf, messageOf } from "../errors.ts";
import type { BootFailedMessage } from "../channel/messages.ts";
import type { Preparation } from "./preparation.ts";
import { ReloadTransaction } from "./reload-transaction.ts";
import type { Hooks } from "../settings/hooks.ts";
import type { SystemdNotifier } from "./systemd.ts";
import type { WorkerHandle } from "./worker-handle.ts";
import type { ArbiterContext } from "./arbiter-context.ts";
import type { ArbiterSockets } from "./arbiter-sockets.ts";
import { type ArbiterState, now } from "./arbiter-state.ts";
import type { Draining } from "./draining.ts";
import type { ReloadPreparation } from "./reload-preparation.ts";
import type { WorkerPool } from "./worker-pool.ts";

/** The parts of the arbiter that a reload moves. */
export interface ReloadParts {
  readonly state: ArbiterState;
  readonly context: ArbiterContext;
  readonly pool: WorkerPool;
  readonly draining: Draining;
  readonly sockets: ArbiterSockets;
  readonly preparation: ReloadPreparation;
  readonly notifier: SystemdNotifier;
}

/** Why a reload is given up for the one that was asked for after it. */
const SUPERSEDED = "A newer one takes its place";

type Waiter = (outcome: ReloadOutcome) => void;

/** Reloads the server. */
export class Reloader {
  readonly #parts: ReloadParts;
  readonly #state: ArbiterState;
  #transaction: ReloadTransaction | null = null;
  #isReloading = false;
  #lastOutcome: ReloadOutcome | null = null;
  /** Who waits for the reload that runs, and for the one after it. */
  #waiters: Waiter[] = [];
  #nextWaiters: Waiter[] = [];
  /** The reload that has been committed: whose new workers have to serve, and whose old ones have to close their listeners. */
  #settling: { transaction: ReloadTransaction; old: readonly WorkerHandle[] } | null = null;

  constructor(parts: ReloadParts) {
    this.#parts = parts;
    this.#state = parts.state;
  }

  get isReloading(): boolean {
    return this.#isReloading;
  }

  /** How the last reload ended. */
  get lastOutcome(): ReloadOutcome | null {
    return this.#lastOutcome;
  }

  /** Reloads; during a reload, once more when that is over. */
  request({ isSuperseding = false }: ReloadRequest): Promise<ReloadOutcome> {
    const { stage } = this.#state;
    if (stage === "stopping" || stage === "ended") {
      return Promise.resolve({ isDone: false, reason: `The server is ${stage}`, detail: "" });
    }
    return new Promise((resolve) => {
      if (this.#isReloading) {
        this.#nextWaiters.push(resolve);
        if (isSuperseding) this.#transaction?.cancel(SUPERSEDED, now());
        return;
      }
      this.#waiters.push(resolve);
      if (stage === "running") void this.#begin();
    });
  }

  /** Begins a reload that was asked for while the server started. */
  beginIfAsked(): void {
    if (this.#waiters.length > 0) void this.#begin();
  }

  /** The server stops. */
  cancel(): void {
    this.#transaction?.cancel("The server stops", now());
  }

  /** @param time - seconds of the arbiter's clock */
  tick(time: number): void {
    this.#transaction?.tick(time);
  }

  /** A worker of the new generation has loaded the application. */
  candidateReady(): void {
    this.#transaction?.ready(now());
  }

  /** A worker of the new generation has ended. */
  candidateLost({ message, detail }: BootFailedMessage): void {
    this.#transaction?.lost(message, detail, now());
  }

  /** A reload is over when every new connection is answered by new code. */
  continue(): void {
    if (this.#settling === null) return;
    const { transaction, old } = this.#settling;
    const isComing = [...transaction.workers].some(({ phase }) => phase === "booting" || phase === "ready");
    const isGoing = old.some(({ phase, hasClosedListeners }) => phase !== "dead" && !hasClosedListeners);
    if (isComing || isGoing) return;
    this.#settling = null;
    const seconds = now() - transaction.startedAt;
    this.#state.log.info(`Reloaded: generation ${transaction.generation} serves after ${seconds.toFixed(2)} s`);
    this.#settle({ isDone: true, generation: transaction.generation, seconds });
  }

  async #begin(): Promise<void> {
    const { context, pool, preparation, notifier } = this.#parts;
    const state = this.#state;
    this.#isReloading = true;
    state.log.info(`Reloading: generation ${state.generation + 1} is started`);
    notifier.notify("RELOADING=1");
    let undo: Preparation | null = null;
    try {
      const { options: wanted, hooks } = (await context.reread?.()) ?? state;
      const options = preparation.applicable(wanted);
      const { listeners, prepared } = await preparation.prepare(options);
      undo = prepared;
      await callHook(state.hooks.onReload, "onReload", state.log, state.asHookArbiter);
      const workers = state.wanted === state.options.workers || state.wanted === 0 ? options.workers : state.wanted;
      const generation = { options, listeners, generation: state.generation + 1 };
      const sizes = pool.sizes(options, workers);
      const transaction: ReloadTransaction = new ReloadTransaction(
        { ...generation, workers: sizes.length },
        {
          start: () => pool.startCandidate(generation, sizes[transaction.workers.size] ?? 1),
          commit: () => this.#commit(transaction, workers, hooks, prepared),
          abort: (_, reason, detail) => this.#abort(transaction, prepared, reason, detail),
        },
        now(),
      );
      this.#transaction = transaction;
      if (state.stage === "running") transaction.begin();
      else transaction.cancel("The server stops", now());
    } catch (error) {
      undo?.abort();
      this.#failed(messageOf(error), detailOf(error));
    }
  }

  #commit(transaction: ReloadTransaction, workers: number, hooks: Hooks, prepared: Preparation): void {
    const { pool, draining, sockets } = this.#parts;
    const state = this.#state;
    const { options, listeners, generation } = transaction;
    this.#transaction = null;
    const removed = state.listeners.filter((listener) => !listeners.includes(listener));
    draining.reloaded(removed.length > 0);
    Object.assign(state, { options, listeners, generation, hooks, wanted: workers });
    state.setTitle();
    pool.forgetCrashes();
    sockets.accept(options, listeners, state.workers).catch((error: unknown) => {
      state.log.critical(`Cannot accept connections: ${messageOf(error)}`);
    });
    for (const worker of transaction.workers) worker.isCandidate = false;
    this.#settling = { transaction, old: [...state.workers].filter((worker) => !transaction.workers.has(worker)) };
    for (const worker of state.workers) {
      if (transaction.workers.has(worker)) worker.send({ type: "serve" });
      else if (worker.phase === "booting" || worker.phase === "ready") pool.dismiss(worker, "reload");
      else pool.retire(worker, "reload");
    }
    for (const listener of removed) listener.close();
    prepared.commit();
  }

  #abort(transaction: ReloadTransaction, prepared: Preparation, reason: string, detail: string): void {
    const { pool } = this.#parts;
    this.#transaction = null;
    prepared.abort();
    for (const worker of transaction.workers) {
      worker.isCandidate = false;
      if (worker.phase !== "dead") pool.dismiss(worker, "boot-failed");
    }
    this.#failed(reason, detail);
  }

  #failed(reason: string, detail: string): void {
    const { log, generation } = this.#state;
    const lines = detail === "" ? "" : `\n${detail}`;
    // Nothing is wrong when somebody has saved once more.
    if (reason === SUPERSEDED) log.info(`Reload abandoned: ${reason}`);
    else log.error(`Reload failed, generation ${generation} keeps serving: ${reason}${lines}`);
    this.#settle({ isDone: false, reason, detail });
  }

  #settle(outcome: ReloadOutcome): void {
    this.#lastOutcome = outcome;
    this.#isReloading = false;
    this.#parts.notifier.notify("READY=1");
    const waiters = this.#waiters;
    this.#waiters = this.#nextWaiters;
    this.#nextWaiters = [];
    for (const resolve of waiters) resolve(outcome);
    this.beginIfAsked();
  }
}
