// What the arbiter knows of a worker, and how it speaks to it. Source: puma's cluster/worker_handle.
import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import type { WorkerEndReason, WorkerPhase, WorkerSnapshot } from "../metrics/arbiter-snapshot.ts";
import type { Listener } from "../sockets/listeners.ts";
import { ignoreForgedReceipts } from "./forged-receipts.ts";
import { isWorkerMessage } from "../channel/message-rules.ts";
import type { ArbiterMessage, BootFailedMessage, WorkerMessage } from "../channel/messages.ts";
import type { WorkerStats } from "../metrics/worker-stats.ts";
import { WORKER_VARIABLE, type WorkerConfig } from "../channel/worker-config.ts";

const EXTENSION = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
const WORKER_MAIN = fileURLToPath(new URL(`../worker/worker-main${EXTENSION}`, import.meta.url));
/** A process's title cannot be longer than its arguments were; this makes room for one. */
const TITLE_ROOM = " ".repeat(64);

/** How a worker's process ended. */
export interface WorkerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why there was no process. */
  readonly error?: Error;
}

/** Told of what a worker says and of its end. */
export interface WorkerObserver {
  said(worker: WorkerHandle, message: WorkerMessage): void;
  exited(worker: WorkerHandle, exit: WorkerExit): void;
}

/** One worker process. */
export class WorkerHandle {
  readonly id: number;
  readonly generation: number;
  /** Of a Python application, in this worker. */
  readonly processes: number;
  /** Seconds that it may take to load the application; 0 means no limit. */
  readonly bootTimeout: number;
  /** It belongs to a reload of which it is not decided yet whether it takes place. */
  isCandidate: boolean;
  phase: WorkerPhase = "booting";
  /** Seconds of the arbiter's clock. */
  readonly startedAt: number;
  servingSince: number | null = null;
  lastSeen: number;
  bootSeconds: number | null = null;
  stats: WorkerStats | null = null;
  bootFailure: BootFailedMessage | null = null;
  /** Why it leaves, when somebody has decided that it should. */
  endReason: WorkerEndReason | null = null;
  /** It goes as soon as another one serves in its place. */
  isRetiring = false;
  /** It was told to accept what is queued and to close its listeners. */
  isSealing = false;
  /** It accepts no more. */
  hasClosedListeners = false;
  /** When it is killed if it has not ended by then; seconds of the arbiter's clock. */
  killAt: number | null = null;
  /** When it is killed if by then only what its application has started keeps it; seconds of the arbiter's clock. */
  endBy: number | null = null;
  /** Connections handed to it that have not ended, in dispatch mode. */
  dispatched = 0;
  readonly #child: ChildProcess;
  /** Told of each socket that is sent. */
  readonly #expectReceipt: () => void;

  constructor(config: WorkerConfig, child: ChildProcess, now: number) {
    this.id = config.id;
    this.generation = config.generation;
    this.bootTimeout = config.options.bootTimeout;
    this.processes = config.options.guestProcesses;
    this.isCandidate = config.isHeld;
    this.#child = child;
    this.#expectReceipt = ignoreForgedReceipts(child);
    this.startedAt = now;
    this.lastSeen = now;
  }

  /**
   * Starts a worker.
   *
   * @param listeners - whose descriptors it inherits, as 3, 4 …
   * @param environment - of the process
   * @param directory - that it runs in
   * @param now - seconds of the arbiter's clock
   */
  static spawn(
    config: WorkerConfig,
    listeners: readonly Listener[],
    environment: NodeJS.ProcessEnv,
    directory: string,
    now: number,
    observer: WorkerObserver,
  ): WorkerHandle {
    const child = spawn(process.execPath, [...process.execArgv, WORKER_MAIN, TITLE_ROOM], {
      stdio: ["ignore", "inherit", "inherit", ...listeners.map(({ fd }) => fd), "ipc"],
      cwd: directory,
      env: { ...environment, [WORKER_VARIABLE]: JSON.stringify(config) },
    });
    const worker = new WorkerHandle(config, child, now);
    child.on("message", (message: unknown, handle: unknown) => {
      // No message of a worker brings one: left open, it would stay with the arbiter.
      if (handle !== undefined) discard(handle);
      if (isWorkerMessage(message, worker.phase, worker.pid)) observer.said(worker, message);
    });
    child.once("error", (error) => observer.exited(worker, { code: 1, signal: null, error }));
    child.once("exit", (code, signal) => observer.exited(worker, { code, signal }));
    return worker;
  }

  /** 0 when the process could not be started. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Says something; a worker that has just ended does not hear it. */
  send(message: ArbiterMessage, socket?: Socket, whenSent?: (error: Error | null) => void): void {
    if (!this.#child.connected) {
      whenSent?.(new Error("The worker has ended"));
      return;
    }
    if (socket !== undefined) this.#expectReceipt();
    this.#child.send(message, socket, { keepOpen: false }, whenSent ?? (() => {}));
  }

  kill(signal: NodeJS.Signals = "SIGKILL"): void {
    this.#child.kill(signal);
  }

  /** @param now - seconds of the arbiter's clock */
  snapshot(now: number): WorkerSnapshot {
    return {
      pid: this.pid,
      id: this.id,
      generation: this.generation,
      phase: this.phase,
      bootSeconds: this.bootSeconds,
      ageSeconds: now - this.startedAt,
      silentSeconds: now - this.lastSeen,
      stats: this.stats,
    };
  }
}

/** Closes what came with a message, whichever kind of handle it is. */
function discard(handle: unknown): void {
  if (typeof handle !== "object" || handle === null) return;
  if ("destroy" in handle && typeof handle.destroy === "function") handle.destroy();
  else if ("close" in handle && typeof handle.close === "function") handle.close();
}
