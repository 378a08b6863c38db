// Watches from a thread of its own whether the event loop of this worker still turns, and when it does not, writes down where the
// program is: the stack of the JavaScript that blocks it, taken through the inspector, which needs no port and no signal.
// The arbiter kills a blocked worker; this says why, just before.
import { Worker } from "node:worker_threads";
import type { Settings } from "../settings/table.ts";

/** What the thread is told. */
export interface WatchConfig {
  /** Counted up by the event loop. */
  readonly beats: SharedArrayBuffer;
  /** Silence after which the stack is taken, in seconds. */
  readonly afterSeconds: number;
  readonly errorLogfile: string;
  readonly logLevel: Settings["logLevel"];
}

const BEAT_MILLISECONDS = 250;
/** The thread starts when the first requests have been answered: it takes some milliseconds of the processor. */
const START_MILLISECONDS = 1000;
/** The stack is taken so long before the arbiter's patience ends. */
const AHEAD_SECONDS = 1;

/** Begins to watch. */
export function watchEventLoop(settings: Pick<Settings, "heartbeatTimeout" | "errorLogfile" | "logLevel">): void {
  const { heartbeatTimeout, errorLogfile, logLevel } = settings;
  const beats = new SharedArrayBuffer(4);
  const counter = new Int32Array(beats);
  setInterval(() => Atomics.add(counter, 0, 1), BEAT_MILLISECONDS).unref();
  const afterSeconds = Math.max(heartbeatTimeout - AHEAD_SECONDS, heartbeatTimeout / 2);
  const workerData: WatchConfig = { beats, afterSeconds, errorLogfile, logLevel };
  const file = import.meta.url.endsWith(".ts") ? "./event-loop-watch-thread.ts" : "./event-loop-watch-thread.js";
  setTimeout(() => {
    const thread = new Worker(new URL(file, import.meta.url), {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 4 },
    });
    thread.unref();
    // Without the thread only the stack is missing.
    thread.on("error", () => {});
  }, START_MILLISECONDS).unref();
}
