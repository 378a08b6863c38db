// Counts what a worker does. On the path of a request there are integer additions only; all else happens when somebody asks.
import type { AccessEntry } from "../../gateways/http/access-entry.ts";
import { EventLoopLag } from "./event-loop-lag.ts";
import { DURATION_BOUNDS_SECONDS, type WorkerStats } from "./worker-stats.ts";

const BOUNDS_MICROSECONDS = DURATION_BOUNDS_SECONDS.map((seconds) => seconds * 1e6);

/** What the server itself knows at the moment of asking. */
export interface WorkerGauges {
  /** Requests that are being answered. */
  readonly inFlight: number;
  /** Connections that are open. */
  readonly connections: number;
}

/** The counters of this process. */
export class WorkerCounters {
  readonly #startedAt = Date.now();
  readonly #lag = new EventLoopLag();
  readonly #statusClasses = [0, 0, 0, 0, 0, 0];
  readonly #durationBuckets = Array.from({ length: BOUNDS_MICROSECONDS.length + 1 }, () => 0);
  #durationSumMicroseconds = 0;
  #requests = 0;
  #bytesIn = 0;
  #bytesOut = 0;
  #aborted = 0;
  #timeouts = 0;
  #refused = 0;

  /** Requests that are over; for recycling. */
  get requests(): number {
    return this.#requests;
  }

  /** Counts a request that is over. */
  record(entry: AccessEntry): void {
    if (entry.isRefused) {
      // There was no request to measure: its head was not understood.
      this.#refused += 1;
      return;
    }
    this.#requests += 1;
    this.#bytesIn += entry.requestBytes;
    this.#bytesOut += entry.bodyBytes;
    const statusClass = (entry.status / 100) | 0;
    this.#statusClasses[statusClass] = (this.#statusClasses[statusClass] ?? 0) + 1;
    const microseconds = entry.elapsedMicroseconds;
    this.#durationSumMicroseconds += microseconds;
    let bucket = 0;
    // From the left: most requests are fast.
    while (bucket < BOUNDS_MICROSECONDS.length && microseconds > (BOUNDS_MICROSECONDS[bucket] as number)) bucket += 1;
    this.#durationBuckets[bucket] = (this.#durationBuckets[bucket] ?? 0) + 1;
    if (entry.isAborted) this.#aborted += 1;
    if (entry.isTimedOut) this.#timeouts += 1;
  }

  /** All counts, for a heartbeat; the event loop's lag is measured anew from here. */
  snapshot({ inFlight, connections }: WorkerGauges): WorkerStats {
    const lag = this.#lag.take();
    return {
      startedAt: this.#startedAt,
      requests: this.#requests,
      statusClasses: [...this.#statusClasses],
      durationBuckets: [...this.#durationBuckets],
      durationSumSeconds: this.#durationSumMicroseconds / 1e6,
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      aborted: this.#aborted,
      timeouts: this.#timeouts,
      refused: this.#refused,
      inFlight,
      connections,
      eventLoopLagMs: lag.meanMs,
      eventLoopLagMaxMs: lag.maxMs,
      rssBytes: process.memoryUsage.rss(),
    };
  }

  /** Stops the measurement of the event loop. */
  close(): void {
    this.#lag.close();
  }
}
