// Parts of an arbiter for tests of the others: a state with default settings, and workers whose processes are not there.
import type { ChildProcess } from "node:child_process";
import { EventEmitter } from "node:events";
import { ArbiterState } from "../../src/server/arbiter/arbiter-state.ts";
import { WorkerHandle } from "../../src/server/arbiter/worker-handle.ts";
import type { ArbiterMessage } from "../../src/server/channel/messages.ts";
import type { WorkerConfig } from "../../src/server/channel/worker-config.ts";
import { ErrorLog, type LogLevel } from "../../src/server/logging/error-log.ts";
import type { LogFile } from "../../src/server/logging/log-file.ts";
import type { WorkerPhase } from "../../src/server/metrics/arbiter-snapshot.ts";
import type { ArbiterOptions } from "../../src/server/settings/arbiter-options.ts";
import type { Hooks } from "../../src/server/settings/hooks.ts";
import { resolveSettings } from "../../src/server/settings/resolve.ts";

const DEFAULTS = (await resolveSettings({ environment: {}, directory: "/" })).settings;

/** Default settings with some others. */
export function options(more: Partial<ArbiterOptions> = {}): ArbiterOptions {
  return { ...DEFAULTS, target: "app.ts", ...more };
}

/** A log, and what was written to it: `LEVEL message`. */
export function notedLog(level: LogLevel = "debug"): { readonly log: ErrorLog; readonly lines: string[] } {
  const lines: string[] = [];
  // A log only writes to it, and closes it.
  const write = (text: string): void => void lines.push(text.replace(/^(?:\[.*?\] ){2}\[(\w+)\]/, "$1").trimEnd());
  const file = { write, flush: () => {}, close: () => {} };
  return { log: new ErrorLog(file as unknown as LogFile, level), lines };
}

/** The state of an arbiter that runs. */
export function running(more: Partial<ArbiterOptions> = {}, hooks: Hooks = {}): ArbiterState & { lines: string[] } {
  const { log, lines } = notedLog();
  const state = new ArbiterState(options(more), hooks, log);
  state.stage = "running";
  return Object.assign(state, { lines });
}

/** A worker, and what was done to its process. */
export interface WorkerDouble {
  readonly worker: WorkerHandle;
  /** What it was told. */
  readonly told: ArbiterMessage[];
  /** The signals that it was sent. */
  readonly signals: string[];
  /** Its channel, which tests may close. */
  readonly child: { connected: boolean };
}

let pids = 0;

/** Makes a worker, and adds it to those of the state. */
export function workerOf(
  state: ArbiterState,
  id: number,
  phase: WorkerPhase,
  generation = state.generation,
): WorkerDouble {
  const told: ArbiterMessage[] = [];
  const signals: string[] = [];
  const child = Object.assign(new EventEmitter(), {
    connected: true,
    pid: (pids += 1),
    send(message: ArbiterMessage, _socket: unknown, _options: unknown, sent: (error: Error | null) => void) {
      told.push(message);
      sent(null);
    },
    kill: (signal: string) => signals.push(signal),
  });
  const config: WorkerConfig = {
    id,
    generation,
    options: state.options,
    isHeld: false,
    secret: "",
    arbiter: process.pid,
    listeners: [],
  };
  // A handle uses no more of it.
  const worker = new WorkerHandle(config, child as unknown as ChildProcess, performance.now() / 1000);
  worker.phase = phase;
  state.workers.add(worker);
  return { worker, told, signals, child };
}

/** The types of messages. */
export function types(told: readonly ArbiterMessage[]): string[] {
  return told.map(({ type }) => type);
}
