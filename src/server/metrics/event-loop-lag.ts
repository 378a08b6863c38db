// How late the event loop is: what a request waits although nothing but other requests keeps it from running.
import { monitorEventLoopDelay } from "node:perf_hooks";

/** Distance of the samples; 20 ms cost a thousandth of a core. */
const RESOLUTION_MS = 20;

/** Measures from one `take` to the next. Starts with the first, so that processes that nobody watches do not pay. */
export class EventLoopLag {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #isStarted = false;

  /** @returns how late timers were since the last call, in milliseconds; 0 the first time */
  take(): { meanMs: number; maxMs: number } {
    if (!this.#isStarted) {
      this.#isStarted = true;
      this.#histogram.enable();
      return { meanMs: 0, maxMs: 0 };
    }
    const { mean, max, count } = this.#histogram;
    this.#histogram.reset();
    // The histogram holds the distances between samples; what exceeds the wanted distance is lag.
    return count === 0 ? { meanMs: 0, maxMs: 0 } : { meanMs: lateness(mean), maxMs: lateness(max) };
  }

  close(): void {
    this.#histogram.disable();
  }
}

function lateness(nanoseconds: number): number {
  return Math.max(0, Math.round((nanoseconds / 1e6 - RESOLUTION_MS) * 1000) / 1000);
}
