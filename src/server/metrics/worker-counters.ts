// Counts what a worker does. On the path of a request there are integer additions only; all else happens when somebody asks.
import type { AccessEntry } from "../../gateways/access-entry.ts";
import { EventLoopLag } from "./event-loop-lag.ts";
import type { GuestStats } from "../../guests/lane/guest-stats.ts";
import type { UpstreamCounts } from "../../guests/upstream/upstream-meters.ts";
import { DURATION_BUCKETS, durationBucket } from "./duration-buckets.ts";
import type { WorkerStats } from "./worker-stats.ts";

/** One more than the highest status that an application can give. */
const STATUSES = 1000;

/** What the server itself knows at the moment of asking. */
export interface WorkerGauges {
  /** Requests that are being answered. */
  readonly inFlight: number;
  /** Connections that are open. */
  readonly connections: number;
  /** Messages of the error log, by level. */
  readonly logged: readonly number[];
  /** Of the processes of other languages. */
  readonly guests: Readonly<Record<string, GuestStats>>;
  /** Of the servers behind. */
  readonly upstreams: UpstreamCounts;
}

/** The counters of this process. */
export class WorkerCounters {
  readonly #startedAt = Date.now();
  readonly #lag = new EventLoopLag();
  readonly #statuses = Array.from({ length: STATUSES }, () => 0);
  readonly #durationBuckets = Array.from({ length: DURATION_BUCKETS }, () => 0);
  #durationSumMicroseconds = 0;
  #requests = 0;
  #bytesIn = 0;
  #bytesOut = 0;
  #aborted = 0;
  #timeouts = 0;
  #refused = 0;
  #rssBytes = 0;

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
    const { status } = entry;
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
    const microseconds = entry.elapsedMicroseconds;
    this.#durationSumMicroseconds += microseconds;
    const bucket = durationBucket(microseconds);
    this.#durationBuckets[bucket] = (this.#durationBuckets[bucket] ?? 0) + 1;
    if (entry.isAborted) this.#aborted += 1;
    if (entry.isTimedOut) this.#timeouts += 1;
  }

  /** All counts, for a heartbeat; the event loop's lag is measured anew from here. */
  snapshot({ inFlight, connections, logged, guests, upstreams }: WorkerGauges): WorkerStats {
    const lag = this.#lag.take();
    const statuses = [...this.#statuses.entries()].filter(([, count]) => count > 0);
    return {
      startedAt: this.#startedAt,
      requests: this.#requests,
      statusClasses: classesOf(statuses),
      statuses,
      logged,
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
      rssBytes: this.#residentBytes(),
      python: guests["python"] ?? null,
      guests,
      upstreams,
    };
  }

  /** The last known where the process has no descriptor free, which the measurement needs for a moment. */
  #residentBytes(): number {
    try {
      this.#rssBytes = process.memoryUsage.rss();
    } catch {
      // It is measured again with the next heartbeat.
    }
    return this.#rssBytes;
  }

  /** Stops the measurement of the event loop. */
  close(): void {
    this.#lag.close();
  }
}

/** Counts by the first digit. A status above 599 is a server's fault to a client. Source: RFC 9110 section 15. */
function classesOf(statuses: WorkerStats["statuses"]): number[] {
  const classes = [0, 0, 0, 0, 0, 0];
  for (const [status, count] of statuses) {
    const statusClass = Math.min(Math.floor(status / 100), 5);
    classes[statusClass] = (classes[statusClass] ?? 0) + count;
  }
  return classes;
}
