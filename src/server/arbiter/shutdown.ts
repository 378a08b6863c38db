// How a server stops: it reports that it is not ready, accepts and answers queued connections, completes requests in progress, and exits.
import type { DrainMessage } from "../channel/messages.ts";
import type { SystemdNotifier } from "./systemd.ts";
import type { ArbiterSockets } from "./arbiter-sockets.ts";
import type { ArbiterState } from "./arbiter-state.ts";
import { type Draining, QUICK_SECONDS } from "./draining.ts";
import type { Reloader } from "./reloader.ts";
import type { Succession } from "./succession.ts";
import type { WorkerPool } from "./worker-pool.ts";

/** Time that idle connections stay open when the server stops: a request that is under way arrives within it. */
const STOP_IDLE_SECONDS = 1;

/** The parts of the arbiter that a stop moves. */
export interface ShutdownParts {
  readonly state: ArbiterState;
  readonly pool: WorkerPool;
  readonly draining: Draining;
  readonly sockets: ArbiterSockets;
  readonly reloader: Reloader;
  readonly succession: Succession;
  readonly notifier: SystemdNotifier;
  /** Called when all workers have ended. */
  readonly whenEnded: () => void;
}

/** Stops the server. */
export class Shutdown {
  readonly #parts: ShutdownParts;
  readonly #state: ArbiterState;
  #requests = 0;
  #cutLameDuck: () => void = () => {};

  constructor(parts: ShutdownParts) {
    this.#parts = parts;
    this.#state = parts.state;
  }

  /** True when a stop was asked for. */
  get isAsked(): boolean {
    return this.#requests > 0;
  }

  /** Stops; asked a second time, at once. @param name - for the log */
  request(kind: "graceful" | "quick", name: string): void {
    this.#requests += 1;
    this.#cutLameDuck();
    if (this.#requests > 1) {
      this.#state.log.info(`Handling signal: ${name}; cutting off the requests in progress`);
      this.#cut();
      return;
    }
    this.#state.log.info(`Handling signal: ${name}`);
    const { stage } = this.#state;
    if (stage === "starting" || stage === "running") void this.#begin(kind, stage === "starting");
  }

  /** Ends when there is nothing left to wait for. */
  continue(): void {
    this.#parts.draining.continueSealing();
    if (this.#state.workers.size > 0 || this.#state.stage !== "stopping") return;
    this.#state.stage = "ended";
    this.#parts.whenEnded();
  }

  async #begin(kind: "graceful" | "quick", wasStarting: boolean): Promise<void> {
    const { pool, draining, sockets, reloader, succession, notifier } = this.#parts;
    this.#state.stage = "stopping";
    reloader.cancel();
    notifier.notify("STOPPING=1");
    const { lameDuckSeconds, gracefulTimeout, keepAlive } = this.#state.options;
    if (kind === "graceful" && lameDuckSeconds > 0 && !wasStarting) await this.#beLameDuck(lameDuckSeconds);
    const isQueueKept = succession.isAccompanied;
    const message: DrainMessage = {
      type: "drain",
      gracefulSeconds: kind === "quick" ? Math.min(QUICK_SECONDS, gracefulTimeout) : gracefulTimeout,
      idleSeconds: kind === "quick" ? 0 : Math.min(STOP_IDLE_SECONDS, keepAlive),
      isQueueKept,
    };
    await sockets.stopAccepting(!isQueueKept);
    for (const worker of this.#state.workers) {
      if (worker.phase === "serving") draining.send(worker, message);
      else if (worker.phase !== "draining") pool.dismiss(worker, "stop");
    }
    if (!isQueueKept) draining.sealAll();
    this.continue();
  }

  #beLameDuck(seconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, seconds * 1000);
      this.#cutLameDuck = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Ends everything now. */
  #cut(): void {
    this.#state.stage = "stopping";
    this.#parts.pool.killAll();
    this.continue();
  }
}
