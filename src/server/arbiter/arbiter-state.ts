// What the parts of an arbiter share.
import type { ArbiterOptions } from "../settings/arbiter-options.ts";
import type { Listener } from "../sockets/listeners.ts";
import type { ErrorLog } from "../logging/error-log.ts";
import type { PidFile } from "./pid-file.ts";
import type { HookArbiter, Hooks, HookWorker } from "../settings/hooks.ts";
import type { WorkerHandle } from "./worker-handle.ts";

/** The life of a server: starting ──► running ──► stopping ──► ended. */
export type Stage = "starting" | "running" | "stopping" | "ended";

/** The state of the arbiter of this process. */
export class ArbiterState {
  /** In force. A reload replaces them together with hooks, listeners and generation. */
  options: ArbiterOptions;
  hooks: Hooks;
  listeners: readonly Listener[] = [];
  /** Counts the reloads, from 1. */
  generation = 1;
  stage: Stage = "starting";
  readonly log: ErrorLog;
  /** All that have not ended. */
  readonly workers = new Set<WorkerHandle>();
  /** How many workers should serve. */
  wanted = 0;
  pidFile: PidFile | null = null;

  constructor(options: ArbiterOptions, hooks: Hooks, log: ErrorLog) {
    this.options = options;
    this.hooks = hooks;
    this.log = log;
  }

  /** The arbiter, as hooks see it. */
  get asHookArbiter(): HookArbiter {
    return { pid: process.pid, log: this.log, workers: this.wanted };
  }

  /** A worker, as hooks of the arbiter see it. */
  asHookWorker({ pid, id }: WorkerHandle): HookWorker {
    return { pid, id, log: this.log };
  }

  /** The addresses for a person. */
  describeListeners(): string[] {
    return this.listeners.map((listener) => listener.describe(this.options.certfile !== null));
  }

  /** Puts what runs here where `ps` shows it. */
  setTitle(): void {
    process.title = `${this.options.procName ?? "tsgi"}: arbiter [${this.options.target}]`;
  }
}

/** Seconds of a steady clock. */
export function now(): number {
  return performance.now() / 1000;
}
