// How workers leave without losing a connection. As long as others accept on the same sockets, a worker just closes them. Where nobody
// else will, what is queued would be lost with the last descriptor: so each accepts what is queued ("seals"), and the last one of all
// closes only when the queue is empty. See listen-queue.ts.
import type { WorkerEndReason } from "../metrics/arbiter-snapshot.ts";
import { dispatchOf } from "../settings/arbiter-options.ts";
import type { DrainMessage } from "../channel/messages.ts";
import type { WorkerHandle } from "./worker-handle.ts";
import { type ArbiterState, now } from "./arbiter-state.ts";

/** Time for requests in progress at a quick stop, and in a worker whose code has been edited. Source: gunicorn. */
export const QUICK_SECONDS = 2;
/** Time between the end of a worker's patience and its end by force. */
const KILL_SECONDS = 5;

/** Lets workers leave. */
export class Draining {
  readonly #state: ArbiterState;
  /** The last reload has given up an address. */
  #hasGivenUpAddress = false;
  #sealer: WorkerHandle | null = null;
  #isSealing = false;
  #isSealed = false;

  constructor(state: ArbiterState) {
    this.#state = state;
  }

  /** True when the server has closed all listeners, with empty queues. */
  get isSealed(): boolean {
    return this.#isSealed;
  }

  /** Others go on accepting; this one completes what it has. */
  drain(worker: WorkerHandle, reason: WorkerEndReason): void {
    const { options, listeners, generation } = this.#state;
    const isQueueKept = listeners.length === 0 || worker.generation === generation || !this.#hasGivenUpAddress;
    const { gracefulTimeout, keepAlive, reload: isEdited } = options;
    worker.endReason ??= reason;
    this.send(worker, {
      type: "drain",
      gracefulSeconds: isEdited ? Math.min(QUICK_SECONDS, gracefulTimeout) : gracefulTimeout,
      // Who has just edited wants to see that, and not another answer of the old code.
      idleSeconds: isEdited ? 0 : keepAlive,
      isQueueKept,
    });
    if (!isQueueKept) this.sealReplaced();
  }

  /** Tells a worker to drain, and kills it when it takes too long. */
  send(worker: WorkerHandle, message: DrainMessage): void {
    worker.phase = "draining";
    worker.killAt = now() + message.gracefulSeconds + KILL_SECONDS;
    worker.endBy = now() + Math.max(message.gracefulSeconds, this.#state.options.gracefulTimeout) + KILL_SECONDS;
    worker.send(message);
  }

  /** A reload takes place. @param hasGivenUpAddress - new workers do not accept on all sockets of the old ones */
  reloaded(hasGivenUpAddress: boolean): void {
    this.#hasGivenUpAddress = hasGivenUpAddress;
  }

  /**
   * A reload has given up an address: as when stopping, each old worker accepts what is queued there, and the last one to hold it closes
   * only when the queue is empty.
   */
  sealReplaced(): void {
    const { stage, workers, options, listeners } = this.#state;
    if (!this.#hasGivenUpAddress || stage === "stopping") return;
    const old = [...workers].filter(
      ({ generation, hasClosedListeners }) => generation !== this.#state.generation && !hasClosedListeners,
    );
    const isShared = dispatchOf(options) === "shared";
    const kept = listeners.map(({ bind }) => bind);
    for (const worker of old) {
      const isLast = !isShared || old.length === 1;
      const mayBeLast = old.every((other) => other === worker || other.isSealing);
      if (worker.phase !== "draining" || worker.isSealing || (mayBeLast && !isLast)) continue;
      worker.isSealing = true;
      worker.send({ type: "seal", isLast, kept });
    }
  }

  /** The server stops: one worker is kept for the end, and the arbiter gives its descriptors back before. */
  sealAll(): void {
    this.#isSealing = true;
    const accepting = [...this.#state.workers].filter(({ phase, killAt }) => phase === "draining" && killAt !== null);
    const isShared = dispatchOf(this.#state.options) === "shared";
    this.#sealer = isShared ? (accepting.findLast(({ hasClosedListeners }) => !hasClosedListeners) ?? null) : null;
    for (const worker of accepting) {
      if (worker !== this.#sealer && !worker.hasClosedListeners)
        worker.send({ type: "seal", isLast: !isShared, kept: [] });
    }
    this.continueSealing();
  }

  /** Lets the last worker close when it is the last. */
  continueSealing(): void {
    if (!this.#isSealing || this.#isSealed) return;
    const others = [...this.#state.workers].filter((worker) => worker !== this.#sealer);
    if (others.some(({ hasClosedListeners }) => !hasClosedListeners)) return;
    this.#isSealed = true;
    for (const listener of this.#state.listeners) listener.close();
    this.#sealer?.send({ type: "seal", isLast: true, kept: [] });
  }
}
